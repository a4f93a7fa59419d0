/** A folder with the heat maps of predictions, written as they arrive and published once complete. */
import { appendFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type DecodeLimits, drawHeatMaps, type SkippedImage, type Thumbnail } from '@chorus/data';
import { makeFolder, publishFolder, removeAbandoned, temporaryPath } from '@chorus/storage';
import { ConfigError } from './errors.ts';
import { requireWritable, writingTo } from './output-place.ts';
import { type Explanation, type GradCamImage, gradCamOf } from './report/grad-cam-schema.ts';

export interface ExplanationFiles {
  /**
   * Writes numbers and pictures.
   *
   * @param limits those of the bundle, so that every image that it classified can be drawn.
   * @returns the images that cannot be drawn, such as removed ones; only their numbers are written.
   * @throws ConfigError when the folder cannot be written.
   */
  write(explanations: readonly Explanation[], limits: DecodeLimits): Promise<SkippedImage[]>;
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
  const temporary = await temporaryPath(out);
  await writingTo(
    out,
    async () => {
      await removeAbandoned(dirname(out), out);
      await mkdir(temporary);
    },
    otherFolder,
  );
  const numbers = join(temporary, 'grad-cam.json');
  const [beforeImages, afterImages] = JSON.stringify(gradCamOf([])).split('[]') as [string, string];
  let imageCount = 0;
  return {
    async write(explanations, limits) {
      const notDrawn: SkippedImage[] = [];
      for (const image of gradCamOf(explanations).images) {
        const before = imageCount === 0 ? `${beforeImages}[` : ',';
        imageCount += 1;
        await writingTo(out, () => appendFile(numbers, before + JSON.stringify(image)), otherFolder);
        const pictures = await drawPictures(image, limits);
        if (pictures instanceof Error) {
          notDrawn.push({ path: image.path, reason: pictures.message });
          continue;
        }
        const folder = join(temporary, `${`${imageCount}`.padStart(5, '0')}-${fileName(basename(image.path))}`);
        await writingTo(out, () => writePictures(folder, pictures), otherFolder);
      }
      return notDrawn;
    },
    async publish() {
      const last = imageCount === 0 ? `${beforeImages}[]${afterImages}\n` : `]${afterImages}\n`;
      const fill = async (folder: string) => {
        await appendFile(numbers, last);
        for (const name of await readdir(temporary)) await rename(join(temporary, name), join(folder, name));
      };
      await writingTo(out, () => publishFolder(out, fill), otherFolder);
    },
    discard: () => rm(temporary, { recursive: true, force: true }),
  };
}

// --- internal ---

type NamedPicture = Thumbnail & { name: string };

/** @returns an error if the image cannot be drawn: it was readable before, but the file may have changed. */
async function drawPictures(
  { path, ensemble, members }: GradCamImage,
  limits: DecodeLimits,
): Promise<NamedPicture[] | Error> {
  const all = [{ name: 'ensemble', map: ensemble }, ...members];
  const maps = all.map(({ map }) => map);
  try {
    const pictures = await drawHeatMaps(path, side, maps, limits);
    return pictures.map((picture, index) => ({ ...picture, name: all[index]!.name }));
  } catch (error) {
    return error as Error;
  }
}

async function writePictures(folder: string, pictures: readonly NamedPicture[]): Promise<void> {
  await makeFolder(folder);
  for (const [index, { name, bytes }] of pictures.entries())
    await writeFile(join(folder, `${index}-${fileName(name)}.webp`), bytes);
}

/** A name that any file system takes. */
function fileName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 60);
}
