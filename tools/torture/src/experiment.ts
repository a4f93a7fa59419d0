/** The run that is killed: small, but with everything that a run can have. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from '@chorus/orchestration';

/** How the trainings compute. */
export const variants = {
  'op by op': { intraOpThreads: 1, compile: false },
  compiled: { intraOpThreads: 1, compile: true },
  'default threads': { compile: true },
  bfloat16: { compile: true, precision: 'bfloat16' },
  isolated: { intraOpThreads: 1, compile: false, isolate: true },
} satisfies Record<string, ExperimentInput['runtime']>;

export type Variant = keyof typeof variants;

/**
 * Draws images and writes an experiment of two members, two folds, all stackers and a student, which trains in seconds and takes
 * checkpoints as often as it may.
 *
 * @param folder an existing folder.
 * @returns path of the experiment's file.
 */
export async function writeExperiment(folder: string, variant: Variant): Promise<string> {
  const source = join(folder, 'images');
  await drawShapes(source, { seed: 1, imagesPerClass: { train: 12, validation: 5 } });
  const experiment: Partial<ExperimentInput> = {
    name: 'torture',
    inputSize: 32,
    data: { source },
    weights: 'random',
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    stacking: { kind: 'kfold', folds: 2 },
    student: { backbone: 'mobilenet', alpha: 0.25 },
    recipe: { batchSize: 8, whole: { epochCount: 2, schedule: { kind: 'cosine' }, emaMomentum: 0.9 } },
    checkpointMinutes: 0,
    workers: [{ device: 'cpu:1' }, { device: 'cpu:2' }],
    runtime: { logicalCpuDevices: 3, featureCache: false, ...variants[variant] },
  };
  const path = join(folder, 'experiment.json');
  await writeFile(path, JSON.stringify(experiment, null, 2));
  return path;
}
