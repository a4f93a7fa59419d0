/** A folder with the heat maps of predictions, written as they arrive and published once complete. */
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { drawHeatMaps } from '@chorus/data';
import { publishFolder } from '@chorus/storage';
import { ConfigError } from './errors.ts';
import { makeFolder, requireWritable, writingTo } from './output-place.ts';
import { type Explanation, type GradCamImage, gradCamOf } from './report/grad-cam-schema.ts';

export interface ExplanationFiles {
  /** @throws Error whose message says why an image cannot be drawn. */
  write(explanations: readonly Explanation[]): Promise<void>;
  /** Renames the folder to its final name. */
  publish(): Promise<void>;
  /** Removes a folder that was not published. */
  discard(): Promise<void>;
}

/** Longer side of a picture at most, pixels. */
const side = 448;
const otherFolder = 'name another folder';

/**
 * Opens a folder under a temporary name. For each image, it gets a folder `<number>-<name of the file>` with the heat maps over the
 * picture (`0-ensemble.webp`, then a file per member), and `grad-cam.json` has the numbers of all images.
 *
 * @param out path of the folder, which must not exist yet.
 * @throws ConfigError when it exists or cannot be created.
 */
export async function openExplanationFiles(out: string): Promise<ExplanationFiles> {
  if ((await stat(out).catch(() => undefined)) !== undefined)
    throw new ConfigError(`Expected a new folder for the heat maps, but ${out} exists; ${otherFolder}.`);
  await requireWritable(dirname(out), otherFolder);
  const temporary = await writingTo(out, () => mkdtemp(join(dirname(out), '.chorus-explain-')), otherFolder);
  const images: GradCamImage[] = [];
  return {
    async write(explanations) {
      for (const image of gradCamOf(explanations).images) {
        images.push(image);
        const number = `${images.length}`.padStart(5, '0');
        const folder = join(temporary, `${number}-${fileName(basename(image.path))}`);
        await writingTo(out, () => writePictures(folder, image), otherFolder);
      }
    },
    async publish() {
      const file = `${JSON.stringify({ ...gradCamOf([]), images })}\n`;
      const fill = async (folder: string) => {
        await writeFile(join(folder, 'grad-cam.json'), file);
        for (const name of await readdir(temporary)) await rename(join(temporary, name), join(folder, name));
      };
      await writingTo(out, () => publishFolder(out, fill), otherFolder);
    },
    discard: () => rm(temporary, { recursive: true, force: true }),
  };
}

// --- internal ---

async function writePictures(folder: string, { path, ensemble, members }: GradCamImage): Promise<void> {
  await makeFolder(folder);
  const all = [{ name: 'ensemble', map: ensemble }, ...members];
  const pictures = await drawHeatMaps(
    path,
    side,
    all.map(({ map }) => map),
  );
  for (const [index, { bytes }] of pictures.entries())
    await writeFile(join(folder, `${index}-${fileName(all[index]!.name)}.webp`), bytes);
}

/** A name that any file system takes. */
function fileName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 60);
}
