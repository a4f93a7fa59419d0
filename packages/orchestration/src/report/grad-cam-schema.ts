/** `grad-cam.json` of a run. The package's `grad-cam.schema.json` is generated from this schema. */
import type { GridMap } from '@chorus/models';
import { readJsonFile, StorageError } from '@chorus/storage';
import { z } from 'zod';
import type { HeatMaps } from '../run/explain-images.ts';

/** The heat maps of an image for one class. */
export interface Explanation {
  path: string;
  class: string;
  maps: HeatMaps;
}

const side = 256;
const mapSchema = z
  .array(z.array(z.number().min(0).max(1)).min(1).max(side))
  .min(1)
  .max(side)
  .describe('Rows of a grid over the image, from the top; 1 where the evidence is strongest, all 0 without evidence.');

export const gradCamSchema = z.strictObject({
  schemaVersion: z.literal(1),
  images: z.array(
    z.strictObject({
      path: z
        .string()
        .describe('Relative to the data folder of a run; the path of the file if `chorus predict` explains it.'),
      class: z.string().describe('The class that the maps show evidence for.'),
      ensemble: mapSchema,
      members: z
        .array(z.strictObject({ name: z.string(), map: mapSchema }))
        .describe('The members of the ensemble, then the student, if there is one.'),
    }),
  ),
});

export type GradCam = z.output<typeof gradCamSchema>;
export type GradCamImage = GradCam['images'][number];

/** The content of the file, with three decimals. */
export function gradCamOf(images: readonly Explanation[]): GradCam {
  return {
    schemaVersion: 1,
    images: images.map(({ maps, ...image }) => ({
      ...image,
      ensemble: rowsOf(maps.ensemble),
      members: maps.members.map(({ name, map }) => ({ name, map: rowsOf(map) })),
    })),
  };
}

/** @throws StorageError when the file cannot be read or is not of this version. */
export async function readGradCam(path: string): Promise<GradCam> {
  const { success, data } = gradCamSchema.safeParse(await readJsonFile(path));
  if (!success) throw new StorageError(`${path}: expected Grad-CAM maps of this version of Chorus.`);
  return data;
}

/** JSON schema of `grad-cam.json`, for other languages. */
export function gradCamJsonSchema(): object {
  return z.toJSONSchema(gradCamSchema, { target: 'draft-2020-12' });
}

// --- internal ---

function rowsOf({ height, width, values }: GridMap): number[][] {
  return Array.from({ length: height }, (_, row) =>
    Array.from(values.subarray(row * width, (row + 1) * width), (value) => Math.round(value * 1000) / 1000),
  );
}
