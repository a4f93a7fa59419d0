/** A trained member on disk: a sealed folder with its model, what is known of its training, and its held-out logits. */
import { type MemberManifest, memberManifestSchema } from '@chorus/models';
import { z } from 'zod';
import { openSealedFolder, sealFolder } from '../run/sealed-folder.ts';

const memberFileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  device: z.string(),
  backingDevice: z.string(),
  seconds: z.number().min(0),
  recipe: z.enum(['transfer', 'scratch']),
  weights: z.strictObject({ source: z.string(), sha256: z.string().nullable(), note: z.string().optional() }),
  model: memberManifestSchema,
});

/** What is known of a member's training; goes into the report. */
export type MemberRecord = Omit<z.output<typeof memberFileSchema>, 'model' | 'schemaVersion'>;

export interface TrainedMember {
  record: MemberRecord;
  manifest: MemberManifest;
  /** Raw little-endian tensors as the manifest lists them. */
  weights: Uint8Array;
  /** [stack images, outputs] */
  heldOutLogits: Float32Array;
}

/** Publishes a trained member; an earlier attempt at the same place is replaced whole. */
export async function writeMember(folder: string, member: TrainedMember): Promise<void> {
  const { buffer, byteOffset, byteLength } = member.heldOutLogits;
  await sealFolder(
    folder,
    {
      'member.json': JSON.stringify({ schemaVersion: 1, ...member.record, model: member.manifest }, null, 2),
      'weights.bin': member.weights,
      'held-out.f32': new Uint8Array(buffer, byteOffset, byteLength),
    },
    { replace: true },
  );
}

/**
 * Reads a member back, every byte checked.
 *
 * @throws StorageError when the folder is not whole; ZodError-free: a damaged manifest is a StorageError too.
 */
export async function readMember(folder: string): Promise<TrainedMember> {
  const files = await openSealedFolder(folder);
  const { schemaVersion: _, model, ...record } = memberFileSchema.parse(JSON.parse(text(files, 'member.json')));
  const heldOut = content(files, 'held-out.f32');
  return {
    record,
    manifest: model,
    weights: content(files, 'weights.bin'),
    heldOutLogits: new Float32Array(heldOut.slice().buffer),
  };
}

// --- internal ---

function content(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`a member folder without ${name}`);
  return bytes;
}

function text(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  return new TextDecoder().decode(content(files, name));
}
