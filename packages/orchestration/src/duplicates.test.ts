/** Duplicate images and changed files in whole runs. */
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { article } from './experiment/presets/article.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { openDataset } from './run/dataset.ts';
import { train } from './train.ts';

let parent: string;
const at = (...names: string[]) => join(parent, ...names);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-duplicates-'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const experimentOn = (source: string, data: Partial<ExperimentInput['data']> = {}): Partial<ExperimentInput> => ({
  name: 'copies',
  inputSize: 32,
  data: { source, ...data },
  weights: 'random',
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
  ],
  recipe: { batchSize: 8, whole: { epochCount: 1 } },
  workers: [{ device: 'cpu:0' }],
  runtime: { intraOpThreads: 1, compile: false },
});

/** Shapes without split folders: `discs` and `stars`. */
async function shapesAt(name: string, imageCount: number): Promise<string> {
  await drawShapes(at(`${name}-drawn`), { seed: 1, imagesPerClass: { train: imageCount, validation: 1 } });
  await rename(at(`${name}-drawn`, 'train'), at(name));
  return at(name);
}

const open = (source: string, data: Partial<ExperimentInput['data']> = {}, changes: Partial<ExperimentInput> = {}) =>
  openDataset(resolveExperiment({ ...experimentOn(source, data), ...changes }), source, () => 0, { onDecode() {} });

describe('12: duplicate images', () => {
  let source: string;
  beforeAll(async () => {
    source = await shapesAt('shapes', 30);
    for (let copy = 0; copy < 8; copy += 1)
      await copyFile(join(source, 'discs/discs-00003.png'), join(source, `discs/copy-${copy}.png`));
    await copyFile(join(source, 'discs/discs-00005.png'), join(source, 'stars/not-a-star.png'));
  });

  it.each([
    ['a hold-out', {}],
    ['folds', { stacking: { kind: 'kfold', folds: 4, members: 'refit' } }],
  ] as const)('are in the same set by default, with %s, even under different labels', async (_, changes) => {
    const dataset = await open(source, {}, changes);
    expect(dataset.duplicates).toHaveLength(2);
    const [many, two] = dataset.duplicates;
    expect(many).toMatchObject({ kind: 'exact', labels: ['discs'], action: 'grouped', leftOut: [] });
    expect(many!.paths).toHaveLength(9);
    expect(two).toMatchObject({
      paths: ['discs/discs-00005.png', 'stars/not-a-star.png'],
      labels: ['discs', 'stars'],
      action: 'grouped',
    });
    for (const { splits } of dataset.duplicates) expect(splits).toHaveLength(1);
  });

  it('stay in their sets with "report", and are listed', async () => {
    const dataset = await open(source, { duplicates: 'report' });
    expect(dataset.duplicates.map(({ action }) => action)).toEqual(['reported', 'reported']);
    expect(dataset.duplicates[0]!.splits.length).toBeGreaterThan(1);
  });

  it('are left out with "drop": all but the first, or all if their labels differ', async () => {
    const dataset = await open(source, { duplicates: 'drop' });
    expect(dataset.duplicates.map(({ action, leftOut }) => [action, leftOut.length])).toEqual([
      ['dropped', 8],
      ['dropped', 2],
    ]);
    const { test, folds } = dataset.split;
    const used = [...test, ...folds[0]!.fit, ...folds[0]!.tune, ...folds[0]!.outOfFold];
    const paths = used.map((index) => dataset.images[index]!.relativePath);
    expect(paths).toHaveLength(dataset.images.length - 10);
    expect(paths).toContain('discs/copy-0.png');
    expect(paths).not.toContain('discs/copy-1.png');
    expect(paths).not.toContain('stars/not-a-star.png');
  });

  it('of the user\'s own test folder are reported by default, and left out of the training images with "drop"', async () => {
    const own = at('own');
    await drawShapes(own, { seed: 2, imagesPerClass: { train: 20, validation: 6 } });
    await copyFile(join(own, 'validation/stars/stars-00002.png'), join(own, 'train/stars/copy.png'));
    const paths = ['train/stars/copy.png', 'validation/stars/stars-00002.png'];
    const grouped = await open(own);
    expect(grouped.duplicates).toMatchObject([{ paths, splits: [expect.any(String), 'test'], action: 'reported' }]);
    expect(grouped.split.test).toHaveLength(12);
    const dropped = await open(own, { duplicates: 'drop' });
    expect(dropped.duplicates).toMatchObject([{ paths, splits: ['test'], leftOut: [paths[0]] }]);
    expect(dropped.split.test).toHaveLength(12);
  });

  it('are kept by the preset article', () => {
    expect(article.data!.duplicates).toBe('report');
  });
});

describe('--resume', () => {
  it('is refused when two files of equal size were swapped, and accepted when only their times changed', {
    timeout: 180_000,
  }, async () => {
    const source = at('swapped');
    const pairs = Array.from({ length: 20 }, (_, index) => [`cats/${index}.tif`, `dogs/${index}.tif`] as const);
    await Promise.all([
      mkdir(join(source, 'cats'), { recursive: true }),
      mkdir(join(source, 'dogs'), { recursive: true }),
    ]);
    for (const [index, pair] of pairs.entries())
      for (const [label, path] of pair.entries()) await writeFile(join(source, path), tiffOf(label, index));
    const folder = at('run');
    await train(experimentOn(source), { out: folder });

    // A finished run would not be resumed.
    await rm(join(folder, 'report.json'));
    for (const path of pairs.flat()) await utimes(join(source, path), new Date(), new Date('2020-01-01'));
    const kept: string[] = [];
    const onMember = (_: string, { state }: { state: string }) => void kept.push(state);
    await train({}, { resume: folder, observer: { onMember } });
    expect(kept).toEqual(['kept', 'kept']);

    for (const [cat, dog] of pairs.slice(0, 1)) {
      const [one, other] = await Promise.all([cat, dog].map((path) => readFile(join(source, path))));
      expect(one!.length).toBe(other!.length);
      await writeFile(join(source, cat), other!);
      await writeFile(join(source, dog), one!);
    }
    await rm(join(folder, 'report.json'));
    const resumed = train({}, { resume: folder });
    await expect(resumed).rejects.toThrow(ConfigError);
    await expect(resumed).rejects.toThrow(
      /This has changed since the run in .* was started:\n {2}images in .*swapped: the content/,
    );
  });
});

/** An uncompressed RGB TIFF of 40 × 40 pixels; all of them have the same size in bytes. */
function tiffOf(label: number, index: number): Buffer {
  const side = 40;
  const entries = [
    [256, 4, 1, side],
    [257, 4, 1, side],
    [258, 3, 1, 8],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 1, 8 + 2 + 10 * 12 + 4],
    [277, 3, 1, 3],
    [278, 4, 1, side],
    [279, 4, 1, side * side * 3],
    [284, 3, 1, 1],
  ] as const;
  const head = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(entries.length, 8);
  for (const [position, [tag, type, count, value]] of entries.entries()) {
    const offset = 10 + position * 12;
    head.writeUInt16LE(tag, offset);
    head.writeUInt16LE(type, offset + 2);
    head.writeUInt32LE(count, offset + 4);
    if (type === 3) head.writeUInt16LE(value, offset + 8);
    else head.writeUInt32LE(value, offset + 8);
  }
  const pixels = Buffer.from(
    Uint8Array.from({ length: side * side * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
      return (x * (index + 3) + y * (label === 0 ? 7 : 1) + (at % 3) * 40 + label * 90) % 256;
    }),
  );
  return Buffer.concat([head, pixels]);
}
