/** The photographs of a comparison: those that draws are taken from, and those that everything is tested on. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Photographs } from './cases.ts';

export interface ImagePool {
  classes: string[];
  train: LabeledFiles;
  test: LabeledFiles;
}

export interface LabeledFiles {
  paths: string[];
  /** Index of each image's class. */
  labels: number[];
}

/**
 * Lists the photographs of `train` and `validation` below a folder, or makes five classes of them, upright and turned.
 *
 * @param data folder with `train/<class>` and `validation/<class>`, of two classes.
 * @param folder where turned copies are written.
 */
export async function openImagePool(photographs: Photographs, data: string, folder: string): Promise<ImagePool> {
  const classes = (await readdir(join(data, 'train'))).toSorted();
  const plain = {
    classes,
    train: await listFiles(data, 'train', classes),
    test: await listFiles(data, 'validation', classes),
  };
  return photographs === 'five classes' ? turnPhotographs(plain, folder) : plain;
}

// --- internal ---

/** Degrees by which the photographs of each of the two classes are turned: five classes. */
const turns: readonly (readonly number[])[] = [
  [0, 180],
  [0, 180, 90],
];

/** Training photographs of a class; the rest is not needed. */
const mostPerClass = { train: 140, test: 160 };

async function listFiles(data: string, split: string, classes: readonly string[]): Promise<LabeledFiles> {
  const files: LabeledFiles = { paths: [], labels: [] };
  for (const [label, name] of classes.entries())
    for (const file of (await readdir(join(data, split, name))).toSorted()) {
      files.paths.push(join(data, split, name, file));
      files.labels.push(label);
    }
  return files;
}

/** Every photograph is in one class only. All are encoded again, so that the encoding does not tell the classes apart. */
async function turnPhotographs({ classes, train, test }: ImagePool, folder: string): Promise<ImagePool> {
  const turned = turns.flatMap((angles, source) =>
    angles.map((angle, part) => ({ source, angle, part, of: angles.length })),
  );
  const names = turned.map(({ source, angle }) => (angle === 0 ? classes[source]! : `${classes[source]} ${angle}`));
  const copy = async ({ paths, labels }: LabeledFiles, split: 'train' | 'test'): Promise<LabeledFiles> => {
    const files: LabeledFiles = { paths: [], labels: [] };
    for (const [label, { source, angle, part, of }] of turned.entries()) {
      const place = join(folder, split, names[label]!);
      await mkdir(place, { recursive: true });
      const chosen = paths.filter((_, image) => labels[image] === source).filter((_, image) => image % of === part);
      for (const [image, path] of chosen.slice(0, mostPerClass[split]).entries()) {
        const file = join(place, `${String(image).padStart(4, '0')}.jpg`);
        await sharp(path).rotate(angle).jpeg({ quality: 95 }).toFile(file);
        files.paths.push(file);
        files.labels.push(label);
      }
    }
    return files;
  };
  return { classes: names, train: await copy(train, 'train'), test: await copy(test, 'test') };
}
