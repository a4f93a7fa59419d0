/** The bundle: one sealed folder with everything that classifies an image, for node and for a browser. */
import {
  type MemberManifest,
  memberManifestSchema,
  type Stacker,
  type StackerKind,
  stackerFromJson,
  stackerJsonSchema,
} from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { z } from 'zod';
import { openSealedFolder, sealFolder } from './run/sealed-folder.ts';

export const bundleSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  classes: z.array(z.string()).min(2),
  /** Images are resized whole to this square, bilinear with antialiasing. */
  inputSize: z.int().min(1),
  /** Members answer with the mean of an image and its mirror image. */
  mirror: z.boolean(),
  demo: z.boolean(),
  /** How the run drew its test images, so that `evaluate` finds the same ones. */
  split: z.strictObject({
    seed: z.int(),
    tune: z.number(),
    stack: z.number(),
    test: z.number(),
    limitPerClass: z.int().nullable(),
  }),
  members: z.array(z.strictObject({ name: z.string(), file: z.string(), model: memberManifestSchema })).min(1),
  chosen: z.enum(['mean', 'dense', 'logistic']),
  stackers: z.array(z.strictObject({ kind: z.enum(['mean', 'dense', 'logistic']), state: stackerJsonSchema })).min(1),
});

export type BundleManifest = z.output<typeof bundleSchema>;

export interface BundleMember {
  name: string;
  manifest: MemberManifest;
  weights: Uint8Array;
}

export interface Bundle {
  manifest: BundleManifest;
  /** In the order of the stacker's inputs. */
  members: BundleMember[];
  stackers: ReadonlyMap<StackerKind, Stacker>;
}

/** Publishes a bundle; the folder appears whole, or an earlier one stays. */
export async function writeBundle(
  folder: string,
  manifest: Omit<BundleManifest, 'schemaVersion' | 'members' | 'stackers'>,
  members: readonly BundleMember[],
  stackers: ReadonlyMap<StackerKind, Stacker>,
): Promise<void> {
  const file = (name: string) => `members/${name}.bin`;
  const whole: BundleManifest = bundleSchema.parse({
    schemaVersion: 1,
    ...manifest,
    members: members.map((member) => ({ name: member.name, file: file(member.name), model: member.manifest })),
    stackers: [...stackers].map(([kind, stacker]) => ({ kind, state: stacker.toJSON() })),
  });
  await sealFolder(
    folder,
    {
      'bundle.json': JSON.stringify(whole, null, 2),
      ...Object.fromEntries(members.map((member) => [file(member.name), member.weights])),
    },
    { replace: true },
  );
}

/**
 * Opens a bundle, every checksum verified before anything is used.
 *
 * @throws StorageError naming the file that is missing, damaged or outside the folder.
 */
export async function readBundle(folder: string): Promise<Bundle> {
  const files = await openSealedFolder(folder);
  const content = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined)
      throw new StorageError(`${folder}: expected the file ${name}, which its SHA256SUMS does not list.`);
    return bytes;
  };
  const parsed = bundleSchema.safeParse(parseJson(content('bundle.json'), folder));
  if (!parsed.success)
    throw new StorageError(`${folder}/bundle.json is not a bundle of this version: ${z.prettifyError(parsed.error)}`);
  const manifest = parsed.data;
  return {
    manifest,
    members: manifest.members.map(({ name, file, model }) => ({ name, manifest: model, weights: content(file) })),
    stackers: new Map(manifest.stackers.map(({ kind, state }) => [kind, stackerFromJson(state)])),
  };
}

// --- internal ---

function parseJson(bytes: Uint8Array, folder: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new StorageError(`${folder}/bundle.json: expected JSON, received ${(error as Error).message}.`);
  }
}
