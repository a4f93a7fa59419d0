/** Which file each member starts from: decided before anything is decoded. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chooseWeightFile } from '@chorus/models';
import { sha256File } from '@chorus/storage';
import { ConfigError } from '../errors.ts';
import type { Experiment } from '../experiment/schema.ts';
import type { InitialWeights } from '../lanes/protocol.ts';

/**
 * Finds every member's first weights.
 *
 * @returns in the order of the members.
 * @throws ConfigError when weights were named (or `auto` was left) and cannot be had; nothing falls back to random ones.
 */
export async function findInitialWeights(
  experiment: Pick<Experiment, 'weights' | 'members' | 'inputSize'>,
  environment: { CHORUS_WEIGHTS?: string | undefined },
): Promise<InitialWeights[]> {
  if (experiment.weights === 'random') return experiment.members.map(() => ({ kind: 'random' }));
  const named = experiment.weights === 'auto' ? environment.CHORUS_WEIGHTS : experiment.weights;
  if (named === undefined || named === '')
    throw new ConfigError(
      'Expected pre-trained weights, received none: name a folder of keras-applications .h5 files with --weights DIR or CHORUS_WEIGHTS, or train from scratch with --weights random.',
    );
  const folder = resolve(named);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(`Expected a folder of .h5 weight files at ${folder}, received ${error.code}; see --weights.`);
  });
  return Promise.all(
    experiment.members.map(async (member): Promise<InitialWeights> => {
      const choice = chooseWeightFile(member.backbone, member.alpha, experiment.inputSize, names);
      if (choice === undefined)
        throw new ConfigError(
          `${folder} has no weights for member ${member.name} (${member.backbone}, alpha ${member.alpha}); it has ${
            names.filter((name) => name.endsWith('.h5')).join(', ') || 'no .h5 file'
          }.`,
        );
      const path = join(folder, choice.fileName);
      return {
        kind: 'file',
        path,
        sha256: await sha256File(path),
        ...(choice.exact ? {} : { note: `trained at ${choice.trainedSize} px, used at ${experiment.inputSize} px` }),
      };
    }),
  );
}
