import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImages } from './decode.ts';
import { type ImageFolder, scanImageFolder } from './image-folder.ts';
import { createPixelStore, PixelStore } from './pixel-store.ts';
import { drawShapes } from './shapes.ts';

let parent: string;
let folder: ImageFolder;
const size = 48;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-shapes-'));
  await drawShapes(join(parent, 'a'), { seed: 3, imagesPerClass: { train: 300, validation: 100 } });
  folder = await scanImageFolder(join(parent, 'a'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('the data set shapes', () => {
  it('has its classes in train and validation', () => {
    expect(folder.classes).toEqual(['discs', 'stars']);
    expect(folder.images).toHaveLength(800);
  });

  it('depends only on the seed', async () => {
    const few = { imagesPerClass: { train: 4, validation: 0 } };
    const digest = async (name: string, seed: number) => {
      await drawShapes(join(parent, name), { seed, ...few });
      const files = await readdir(join(parent, name, 'train', 'stars'));
      return sha256(
        (
          await Promise.all(files.toSorted().map((file) => readFile(join(parent, name, 'train', 'stars', file), 'hex')))
        ).join(),
      );
    };
    expect(await digest('b', 3)).toBe(await digest('c', 3));
    expect(await digest('d', 4)).not.toBe(await digest('e', 5));
  });

  it('is not separable by color: logistic regression on histograms stays below 60 %', async () => {
    const handle = createPixelStore(folder.images.length, size);
    const options = { background: 'black', resize: 'antialiased', maxPixels: 1e6, timeoutMs: 10_000 } as const;
    await decodeImages(folder.images, [handle], options);
    const store = new PixelStore(handle);
    const rows = folder.images.map((_, index) => histogram(store.pixels(index)));
    const labels = folder.images.map((image) => image.label);
    const isTrain = folder.images.map((image) => image.role === 'train');
    const of = <T>(values: T[], train: boolean) => values.filter((_, index) => isTrain[index] === train);
    const score = fitLogistic(of(rows, true), of(labels, true));
    const testLabels = of(labels, false);
    const right = of(rows, false).filter((row, index) => score(row) > 0 === (testLabels[index] === 1)).length;
    expect(right / testLabels.length).toBeLessThan(0.6);
  });
});

/** 4 × 4 × 4 color bins and their squares, as fractions of the image. */
function histogram(pixels: Uint8Array): number[] {
  const bins = new Array<number>(64).fill(0);
  for (let index = 0; index < pixels.length; index += 3)
    bins[(pixels[index]! >> 6) * 16 + (pixels[index + 1]! >> 6) * 4 + (pixels[index + 2]! >> 6)]! += 3 / pixels.length;
  return [...bins, ...bins.map((bin) => bin * bin)];
}

/** Standardized columns, L2, plain gradient descent to convergence. */
function fitLogistic(rows: number[][], labels: number[]): (row: number[]) => number {
  const width = rows[0]!.length;
  const columns = Array.from({ length: width }, (_, column) => rows.map((row) => row[column]!));
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const deviations = columns.map(
    (values, column) =>
      Math.sqrt(values.reduce((sum, value) => sum + (value - means[column]!) ** 2, 0) / values.length) || 1,
  );
  const standard = (row: number[]) => row.map((value, column) => (value - means[column]!) / deviations[column]!);
  const weights = new Array<number>(width).fill(0);
  let bias = 0;
  const score = (row: number[]) => row.reduce((sum, value, column) => sum + value * weights[column]!, bias);
  const inputs = rows.map(standard);
  for (let step = 0; step < 300; step += 1) {
    const errors = inputs.map((row, index) => 1 / (1 + Math.exp(-score(row))) - labels[index]!);
    bias -= (0.5 * errors.reduce((sum, error) => sum + error, 0)) / rows.length;
    for (let column = 0; column < width; column += 1) {
      const gradient = errors.reduce((sum, error, index) => sum + error * inputs[index]![column]!, 0) / rows.length;
      weights[column]! -= 0.5 * (gradient + 0.01 * weights[column]!);
    }
  }
  return (row) => score(standard(row));
}
