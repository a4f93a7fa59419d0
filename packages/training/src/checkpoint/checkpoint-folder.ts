/** A checkpoint on disk: a sealed folder with the state of a training, from which it continues bit for bit. */
import { join } from 'node:path';
import { checkValue, mistakesLine } from '@chorus/models';
import { openSealedFolder, parseJson, StorageError, sealFolder } from '@chorus/storage';
import { z } from 'zod';
import { cutStagesSchema, soupsSchema } from '../member-folder.ts';
import { retrySchema } from '../retry.ts';
import { stageProgressSchema } from './stage-progress.ts';
import { type NamedTensor, type StoredTensors, tableOf, tensorBytes, tensorTableSchema } from './tensor-file.ts';

const trainingStateSchema = z.strictObject({
  /** Training time so far. */
  seconds: z.number().min(0),
  /** The running stage; the number of stages when all have ended. */
  stageIndex: z.int().min(0),
  /** Numbers of whole epochs and of steps in the ended stages. */
  epochCount: z.int().min(0),
  stepCount: z.int().min(0),
  /** Of the ended stages. */
  cutStages: cutStagesSchema,
  soups: soupsSchema,
  /** The retry that the training has had. */
  retry: retrySchema.nullable(),
  /** The running stage; null before its first step. */
  stage: z
    .strictObject({
      progress: stageProgressSchema,
      /** Number of steps of the optimizer. */
      stepCount: z.int().min(0),
      /** The epochs that may become part of a soup, the best one first; null is the initial weights of the stage. */
      copies: z.array(z.strictObject({ epochIndex: z.int().min(0).nullable(), loss: z.number() })),
    })
    .nullable(),
});

/** How far a training came. */
export type TrainingState = z.output<typeof trainingStateSchema>;

const checkpointSchema = z.strictObject({
  schemaVersion: z.literal(2),
  /** The `TrainedPlan`. */
  plan: z.json(),
  state: trainingStateSchema,
  /** Of each file of tensors. */
  tensors: z.record(z.string(), tensorTableSchema),
});

export interface Checkpoint {
  /** Its folder. */
  path: string;
  plan: unknown;
  state: TrainingState;
  /** By the name of their file without its ending. */
  tensors: ReadonlyMap<string, StoredTensors>;
}

/** Groups of tensors; each becomes a file of its name. */
export type TensorGroups = ReadonlyMap<string, readonly NamedTensor[]>;

/**
 * Publishes a checkpoint.
 *
 * @param groups the caller keeps ownership; must not change until the result settles.
 */
export async function writeCheckpoint(
  folder: string,
  { plan, state, groups }: { plan: unknown; state: TrainingState; groups: TensorGroups },
): Promise<void> {
  const tensors = Object.fromEntries([...groups].map(([name, group]) => [name, tableOf(group)]));
  await sealFolder(folder, {
    [stateFile]: JSON.stringify({ schemaVersion: 2, plan, state, tensors }, null, 2),
    // One group at a time: together, they can take several times the memory of the model.
    ...Object.fromEntries([...groups].map(([name, group]) => [`${name}.bin`, () => tensorBytes(group)])),
  });
}

/**
 * Reads a checkpoint and verifies all checksums.
 *
 * @throws StorageError when the folder is incomplete, damaged or of another version.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const files = await openSealedFolder(folder);
  const content = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new StorageError(`Expected the file ${name} in ${folder}.`);
    return bytes;
  };
  const { data, mistakes } = checkValue(checkpointSchema, parseJson(content(stateFile), join(folder, stateFile)));
  if (mistakes !== undefined)
    throw new StorageError(`${folder}/${stateFile} is not from this version: ${mistakesLine(mistakes)}.`);
  const { plan, state, tensors } = data;
  return {
    ...{ path: folder, plan, state },
    tensors: new Map(Object.entries(tensors).map(([name, table]) => [name, { table, bytes: content(`${name}.bin`) }])),
  };
}

// --- internal ---

const stateFile = 'checkpoint.json';
