/** A trained member on disk: a sealed folder with its model, a record of its training and its out-of-fold logits. */
import { join } from 'node:path';
import { checkValue, type MemberManifest, memberManifestSchema, mistakesLine } from '@chorus/models';
import { openSealedFolder, parseJson, StorageError, sealFolder } from '@chorus/storage';
import { z } from 'zod';
import { precisions } from './plan.ts';
import { retrySchema } from './retry.ts';
import { stageNameSchema } from './stage-name.ts';

/** Stages that ended early because the time was up, with their number of whole epochs. */
export const cutStagesSchema = z.array(z.strictObject({ stage: stageNameSchema, epochCount: z.int().min(0) }));

/** Stages that keep an average of several epochs, and which; see {@link SoupOfEpochs}. */
export const soupsSchema = z.array(
  z.strictObject({ stage: z.string(), epochs: z.array(z.int().min(0).nullable()), tuneLoss: z.number() }),
);

const memberFileSchema = z.strictObject({
  schemaVersion: z.literal(2),
  device: z.string(),
  backingDevice: z.string(),
  /** Number format of its training steps. */
  precision: z.enum(precisions),
  seconds: z.number().min(0),
  recipe: z.enum(['transfer', 'whole']),
  weights: z.strictObject({ source: z.string(), sha256: z.string().nullable(), note: z.string().optional() }),
  soups: soupsSchema.optional(),
  /** Omitted if its losses were finite. */
  retry: retrySchema.optional(),
  /** The {@link TrainedPlan}, to compare with that of a resumed run; earlier versions did not write it. */
  plan: z.json().optional(),
  /** Omitted if there are none. */
  cutStages: cutStagesSchema.optional(),
  model: memberManifestSchema,
});

/** The record of a member's training, for the report. */
export type MemberRecord = Omit<z.output<typeof memberFileSchema>, 'model' | 'schemaVersion' | 'plan'> & {
  plan?: unknown;
};

export interface TrainedMember {
  record: MemberRecord;
  manifest: MemberManifest;
  /** Raw little-endian tensors as listed in the manifest; not kept if only the fold's predictions are needed. */
  weights: Uint8Array | undefined;
  /** [outOfFold, outputs] */
  outOfFoldLogits: Float32Array;
  /** [outOfFold, views, outputs], if the run chooses which views to average. */
  outOfFoldViews?: Float32Array | undefined;
}

/** Publishes a trained member, replacing an earlier one. */
export async function writeMember(folder: string, member: TrainedMember): Promise<void> {
  const { outOfFoldLogits, outOfFoldViews, ...described } = member;
  await sealFolder(
    folder,
    {
      'member.json': JSON.stringify({ schemaVersion: 2, ...described.record, model: described.manifest }, null, 2),
      ...(described.weights === undefined ? {} : { 'weights.bin': described.weights }),
      'out-of-fold.f32': bytesOf(outOfFoldLogits),
      ...(outOfFoldViews === undefined ? {} : { [viewsFile]: bytesOf(outOfFoldViews) }),
    },
    { replace: true },
  );
}

/**
 * Reads a trained member and verifies all checksums.
 *
 * @throws StorageError when the folder is incomplete, damaged or of another version.
 */
export async function readMember(folder: string): Promise<TrainedMember> {
  const files = await openSealedFolder(folder);
  const content = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new StorageError(`Expected the file ${name} in ${folder}.`);
    return bytes;
  };
  const json = parseJson(content('member.json'), join(folder, 'member.json'));
  const { data, mistakes } = checkValue(memberFileSchema, json);
  if (mistakes !== undefined)
    throw new StorageError(`${folder}/member.json is not from this version: ${mistakesLine(mistakes)}.`);
  const { schemaVersion: _, model, ...record } = data;
  return {
    record,
    manifest: model,
    weights: files.get('weights.bin'),
    outOfFoldLogits: floatsOf(content('out-of-fold.f32')),
    ...(files.has(viewsFile) ? { outOfFoldViews: floatsOf(content(viewsFile)) } : {}),
  };
}

// --- internal ---

const viewsFile = 'out-of-fold-views.f32';

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A copy, because a Float32Array must start at a multiple of four bytes. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}
