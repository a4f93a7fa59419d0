import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readBundle } from '../bundle.ts';
import { ConfigError } from '../errors.ts';
import { predictFiles } from '../predict.ts';
import { compactBundle } from './compact-bundle.ts';
import { exportBundle } from './export-bundle.ts';
import { writeLivelyBundle } from './lively-bundle.fixture.ts';

let parent: string;
let images: string[];
/** Of the ensemble, and of its student. */
let plain: [number[], number[]];
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-compact-'));
  await drawShapes(at('data'), { seed: 1, imagesPerClass: { train: 2, validation: 0 } });
  images = ['discs', 'stars'].flatMap((form) =>
    [0, 1].map((index) => at(`data/train/${form}/${form}-0000${index}.png`)),
  );
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  await writeLivelyBundle(
    at('run/bundle'),
    [
      { name: 'one', backbone, modelCount: 2 },
      { name: 'two', backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 } },
    ],
    {
      ...{ classes: ['discs', 'stars'], testTimeAugmentation: true, chosen: 'weighted', student: backbone },
      calibration: { kind: 'temperature', temperature: 1.5 },
    },
  );
  plain = [await probabilities('run/bundle'), await probabilities('run/bundle', true)];
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function probabilities(bundle: string, student = false): Promise<number[]> {
  const { predictions } = await predictFiles(at(bundle), images, {
    student,
    workers: 'cpu:0',
    runtime: { intraOpThreads: 1 },
  });
  return predictions.flatMap((prediction) => Object.values(prediction.probabilities));
}

function largestDifference(one: readonly number[], other: readonly number[]): number {
  expect(one).toHaveLength(2 * images.length);
  expect(other).toHaveLength(one.length);
  return Math.max(...one.map((value, index) => Math.abs(value - other[index]!)));
}

describe('compactBundle', () => {
  test.each([
    ['float16', 0.56, 0.002],
    ['int8', 0.36, 0.05],
  ] as const)('%s: predicts nearly the same from fewer bytes', async (encoding, share, tolerance) => {
    const { folder, byteCount, originalByteCount } = await compactBundle(at('run/bundle'), encoding);
    expect(folder).toBe(at(`run/bundle-${encoding}`));
    expect(byteCount / originalByteCount).toBeLessThan(share);
    for (const student of [false, true]) {
      const expected = plain[Number(student)]!;
      const compact = await probabilities(`run/bundle-${encoding}`, student);
      expect(largestDifference(expected, compact)).toBeLessThan(tolerance);
      expect(compact).not.toEqual(expected);
    }
    const [before, after] = [await readBundle(at('run/bundle')), await readBundle(folder)];
    expect(after.manifest.calibration).toEqual(before.manifest.calibration);
    expect(after.manifest.stackers).toEqual(before.manifest.stackers);
    expect(after.images).toEqual(before.images);
  });

  it('int8 with images: computes with integers, with ranges of every model', async () => {
    const { folder } = await compactBundle(at('run/bundle'), 'int8', { out: at('integers'), images: at('data/train') });
    const { members, student } = await readBundle(folder);
    const models = [...members, student!].flatMap((member) => member.models);
    expect(models).toHaveLength(4);
    for (const { manifest } of models) {
      expect(manifest.tensors.some(({ encoding }) => encoding === 'int8')).toBe(true);
      expect(manifest.ranges!.length).toBeGreaterThan(20);
    }
    const [first, second] = members[0]!.models.map(({ manifest }) => manifest.ranges);
    expect(first).not.toEqual(second);
    for (const isStudent of [false, true]) {
      const found = await probabilities('integers', isStudent);
      expect(largestDifference(plain[Number(isStudent)]!, found)).toBeLessThan(0.1);
      // Of the weights alone.
      expect(found).not.toEqual(await probabilities('run/bundle-int8', isStudent));
    }
  });

  it('int8 with images: TensorFlow computes in float32, and says so', async () => {
    await compactBundle(at('run/bundle'), 'int8', { out: at('for-tensorflow'), images: at('data/train') });
    const notices: string[] = [];
    const { predictions } = await predictFiles(at('for-tensorflow'), images, {
      ...{ workers: 'cpu:0', runtime: { intraOpThreads: 1, forward: 'tensorflow' } },
      onNotice: (notice) => notices.push(notice),
    });
    expect(notices).toEqual([
      'The networks compute in float32, not with the 8-bit integers of this bundle, because TensorFlow runs them.',
    ]);
    const found = predictions.flatMap(({ probabilities }) => Object.values(probabilities));
    expect(largestDifference(await probabilities('run/bundle-int8'), found)).toBeLessThan(1e-5);
  });

  it('int8 with images: exports to ONNX with the option that processors without VNNI need', async () => {
    const { folder } = await exportBundle(at('integers'), 'onnx', { out: at('onnx-integers') });
    const readMe = await readFile(join(folder, 'README.md'), 'utf8');
    expect(readMe).toContain("create('onnx/ensemble.onnx', { extra: { session: { x64quantprecision: '1' } } })");
    const plainFolder = (await exportBundle(at('run/bundle'), 'onnx', { out: at('onnx-floats') })).folder;
    expect(await readFile(join(plainFolder, 'README.md'), 'utf8')).not.toContain('x64quantprecision');
  });

  it('refuses images for float16, and folders without a usable image, and writes nothing', async () => {
    const withImages = (images: string, encoding = 'int8') =>
      compactBundle(at('run/bundle'), encoding, { out: at('refused'), images: at(images) });
    await mkdir(at('empty'));
    await mkdir(at('damaged'));
    await writeFile(at('damaged/one.png'), (await readFile(images[0]!)).subarray(0, 60));
    await expect(withImages('data', 'float16')).rejects.toThrow(
      new ConfigError('Images are for weights of type int8, received float16.'),
    );
    await expect(withImages('empty')).rejects.toThrow(
      new ConfigError(
        `Expected images in ${at('empty')} to measure ranges on, received none (${at('empty')}: an empty folder).`,
      ),
    );
    await expect(withImages('damaged')).rejects.toThrow(
      /^1 of 1 images cannot be used, more than 5 %: .*damaged\/one\.png \(damaged: /,
    );
    await mkdir(at('linked'));
    await symlink(images[0]!, at('linked/one.png'));
    await expect(withImages('linked')).rejects.toThrow(/received none \(.*linked\/one\.png: link/);
    await expect(withImages('missing')).rejects.toThrow('Cannot read the folder of images');
    await expect(readFile(at('refused/bundle.json'))).rejects.toThrow('ENOENT');
  });

  it('has a README with the programs of the docs', async () => {
    const { folder } = await compactBundle(at('run/bundle'), 'int8', { out: at('described') });
    const [text, docs] = await Promise.all(
      [join(folder, 'README.md'), new URL('../../../../docs/predictor.md', import.meta.url)].map((path) =>
        readFile(path, 'utf8'),
      ),
    );
    const blocks = (page: string) => page.match(/^```(js|html)\n.*?^```$/gms)!;
    expect(blocks(text!)).toHaveLength(2);
    // The tests of the predictor run these.
    expect(blocks(docs!)).toEqual(expect.arrayContaining(blocks(text!)));
    expect(text).toContain(
      'with int8 weights: one, two.\n\nClasses, in the order of every output:\n\n```json\n["discs","stars"]\n```\n',
    );
  });

  it('writes the student alone, as a bundle that exports', async () => {
    await compactBundle(at('run/bundle'), 'int8', { student: true });
    const { manifest, student } = await readBundle(at('run/bundle-student-int8'));
    expect(manifest.members.map(({ name }) => name)).toEqual(['student']);
    expect(student).toBeUndefined();
    expect(await probabilities('run/bundle-student-int8')).toEqual(await probabilities('run/bundle-int8', true));
    const { byteCount } = await exportBundle(at('run/bundle-student-int8'), 'onnx', { out: at('onnx') });
    expect(byteCount).toBeGreaterThan(0);
  });

  it('replaces an earlier compact bundle, and nothing else', async () => {
    const { folder } = await compactBundle(at('run/bundle'), 'int8', { out: at('again') });
    await compactBundle(at('run/bundle'), 'float16', { out: folder });
    const manifest = JSON.parse(await readFile(join(folder, 'bundle.json'), 'utf8'));
    expect(JSON.stringify(manifest)).toContain('float16');

    await writeLivelyBundle(
      at('other'),
      [{ name: 'one', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 } }],
      {
        ...{ classes: ['discs', 'stars'], testTimeAugmentation: false, chosen: 'mean' },
      },
    );
    await mkdir(at('mine'));
    await writeFile(at('mine/notes.txt'), 'mine');
    for (const [out, received] of [
      [at('other'), 'a bundle with float32 weights'],
      [at('mine'), 'something else'],
    ] as const)
      await expect(compactBundle(at('run/bundle'), 'int8', { out })).rejects.toThrow(
        `Expected nothing or an earlier compact bundle at ${out}, received ${received}.`,
      );
    await expect(compactBundle(at('run/bundle'), 'int8', { out: at('mine/notes.txt') })).rejects.toThrow(ConfigError);
    expect(await readFile(at('mine/notes.txt'), 'utf8')).toBe('mine');
  });

  it('refuses the bundle itself, a compact bundle and an unknown type', async () => {
    await expect(compactBundle(at('run/bundle'), 'int8', { out: at('run/bundle/small') })).rejects.toThrow(
      'Expected a folder outside the bundle',
    );
    await compactBundle(at('run/bundle'), 'int8', { out: at('small') });
    await expect(compactBundle(at('small'), 'float16', { out: at('smaller') })).rejects.toThrow(
      /expected a bundle with float32 weights, received one with compact weights\.$/,
    );
    await expect(compactBundle(at('run/bundle'), 'int4')).rejects.toThrow(
      new ConfigError('Unknown type of weights "int4"; expected one of: float16, int8.'),
    );
  });

  it('stops before it writes anything', async () => {
    const stopped = compactBundle(at('run/bundle'), 'int8', { out: at('stopped'), signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(StoppedError);
    await expect(readFile(at('stopped/bundle.json'))).rejects.toThrow('ENOENT');
  });
});
