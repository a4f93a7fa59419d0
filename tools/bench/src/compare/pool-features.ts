/** Features of all photographs of a comparison, of each image and its mirror image, computed once by Chorus. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestTimeAugmentation } from '@chorus/models';
import { extractFeatures } from '@chorus/orchestration';
import { publishFile, withTemporaryFolder } from '@chorus/storage';
import sharp from 'sharp';
import type { LabeledFiles } from './image-pool.ts';
import type { ComparedMember } from './members.ts';

/** Features of a member's backbone. */
export interface MemberFeatures {
  member: string;
  width: number;
  /** [images, 2, width]: of each image and of its mirror image. */
  rows: Float32Array;
}

/** Features of all images of a set. */
export interface PoolFeatures extends MemberFeatures {
  /** File of `rows`, float32. */
  path: string;
}

/**
 * Computes features, or reads those of an earlier call.
 *
 * @param folder where they are kept.
 */
export async function featuresOf(
  members: readonly ComparedMember[],
  { paths }: LabeledFiles,
  folder: string,
  onProgress: (words: string) => void,
): Promise<PoolFeatures[]> {
  await mkdir(folder, { recursive: true });
  const missing = members.filter(({ name }) => !existsSync(fileOf(folder, name)));
  if (missing.length > 0)
    await withTemporaryFolder('chorus-compare', async (temporary) => {
      onProgress(`${paths.length} mirror images`);
      const mirrored = await mirrorImages(paths, temporary);
      for (const { name, backbone, inputSize, weights } of missing) {
        onProgress(`features of ${name}`);
        const views = [];
        for (const some of [paths, mirrored]) views.push(await extractFeatures(some, { backbone, inputSize, weights }));
        const [plain, flipped] = views as [(typeof views)[0], (typeof views)[0]];
        const { width } = plain;
        const rows = new Float32Array(2 * plain.rows.length);
        for (let image = 0; image < paths.length; image += 1)
          for (const [view, { rows: of }] of [plain, flipped].entries())
            rows.set(of.subarray(image * width, (image + 1) * width), (2 * image + view) * width);
        await publishFile(fileOf(folder, name), new Uint8Array(rows.buffer));
      }
    });
  return Promise.all(
    members.map(async ({ name }) => {
      const path = fileOf(folder, name);
      const { buffer, byteOffset, byteLength } = await readFile(path);
      const rows = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      return { member: name, width: rows.length / (2 * paths.length), path, rows };
    }),
  );
}

/** The mean of the features of an image's views [images, width], for bundles that average the image alone or with its mirror image. */
export function meanFeatures({ rows, width }: MemberFeatures, views: TestTimeAugmentation): Float32Array {
  if (typeof views !== 'boolean')
    throw new Error(`Expected test-time augmentation by mirror images or none, received ${views}.`);
  return Float32Array.from({ length: rows.length / 2 }, (_, index) => {
    const at = index + Math.floor(index / width) * width;
    return views ? (rows[at]! + rows[at + width]!) / 2 : rows[at]!;
  });
}

/** The features of some images, in their order. */
export function selectFeatures(
  { member, width, rows: all }: MemberFeatures,
  images: readonly number[],
): MemberFeatures {
  const stride = 2 * width;
  const rows = new Float32Array(images.length * stride);
  for (const [row, image] of images.entries())
    rows.set(all.subarray(image * stride, (image + 1) * stride), row * stride);
  return { member, width, rows };
}

// --- internal ---

function fileOf(folder: string, member: string): string {
  return join(folder, `${member}.f32`);
}

/** Lossless, so that they differ from the images in nothing else. */
async function mirrorImages(paths: readonly string[], folder: string): Promise<string[]> {
  const mirrored = paths.map((_, image) => join(folder, `${image}.png`));
  for (const [image, path] of paths.entries())
    await sharp(path).autoOrient().flop().png({ compressionLevel: 1 }).toFile(mirrored[image]!);
  return mirrored;
}
