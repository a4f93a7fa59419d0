import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import golden from '../../../tools/golden/features.json' with { type: 'json' };
import imagenet from '../../../tools/golden/imagenet.json' with { type: 'json' };
import { ConfigError } from './errors.ts';
import { extractFeatures, type FeaturesOptions, writeFeatures } from './features.ts';

const shared = join(import.meta.dirname, '../../../../shared/data');
const { alpha, size: inputSize } = golden;
const options: FeaturesOptions = {
  backbone: 'mobilenet',
  alpha,
  inputSize,
  weights: join(shared, 'pretrained', golden.weights),
  device: 'cpu:0',
};
const photographs = golden.photographs.map((name) => join(shared, 'cats-vs-dogs/validation', name));

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-features-'));
  await writeFile(at('text.jpg'), 'This is a text.');
  await mkdir(at('folder.npy'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!existsSync(shared))('with the weights and photographs in ../shared', () => {
  it("equals Keras' features of a wide, a tall and a small photograph", async () => {
    const { rows, width } = await extractFeatures(photographs, options);
    const expected = new Float32Array(Uint8Array.from(Buffer.from(golden.features, 'base64')).buffer);
    expect([rows.length, width]).toEqual([expected.length, expected.length / photographs.length]);
    const differences = rows.map((value, index) => Math.abs(value - expected[index]!));
    expect(Math.max(...differences) / Math.max(...expected)).toBeLessThan(1e-5);
  });

  it.each(['onnxruntime', 'tensorflow'] as const)(
    "equals timm's features of EfficientNet-Lite0, whose variant and size are the defaults, in %s",
    async (forward) => {
      const { rows, width } = await extractFeatures(photographs, {
        ...{ backbone: 'efficientnet-lite0', device: 'cpu:0', forward },
        weights: join(shared, 'pretrained', imagenet.weights),
      });
      expect(imagenet.photographs.paths).toEqual(golden.photographs);
      const expected = new Float32Array(Uint8Array.from(Buffer.from(imagenet.photographs.features, 'base64')).buffer);
      expect([rows.length, width]).toEqual([expected.length, 1280]);
      const differences = rows.map((value, index) => Math.abs(value - expected[index]!));
      expect(Math.max(...differences) / Math.max(...expected)).toBeLessThan(1e-5);
    },
  );

  it('writes a row per file, in order, over several batches, and replaces an earlier array', async () => {
    const small = { ...options, inputSize: 32 };
    const [broad, tall] = photographs as [string, string];
    const paths = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? tall : broad));
    await writeFile(at('out.npy'), 'an earlier one');
    const progress: number[][] = [];
    const written = await writeFeatures(at('out.npy'), paths, {
      ...small,
      onProgress: (...counts) => progress.push(counts),
    });
    expect(progress).toEqual([
      [32, 40],
      [40, 40],
    ]);
    const bytes = await readFile(at('out.npy'));
    expect(bytes.subarray(10, 128).toString('latin1')).toContain("'<f4', 'fortran_order': False, 'shape': (40, 256)");
    expect(bytes.subarray(128)).toEqual(Buffer.from(written.rows.buffer));
    const alone = await extractFeatures([tall], small);
    for (const row of [0, 33, 39])
      for (const [index, value] of alone.rows.entries())
        expect(Math.abs(written.rows[row * 256 + index]! - value)).toBeLessThan(1e-5);
  });

  it('scales large photographs in the decoder if asked to, with the filter of training only', async () => {
    const [photograph] = photographs as [string];
    const small = { ...options, inputSize: 32 };
    const full = await extractFeatures([photograph], small);
    const shrunk = await extractFeatures([photograph], { ...small, shrinkOnLoad: true });
    expect(shrunk.rows).not.toEqual(full.rows);
    await expect(extractFeatures([photograph], { ...small, resize: 'opencv', shrinkOnLoad: true })).rejects.toThrow(
      new ConfigError('Expected the resize method pillow with shrinkOnLoad, received "opencv".'),
    );
  });

  it('names every file that cannot be decoded, and does not change an earlier array', async () => {
    await writeFile(at('kept.npy'), 'an earlier one');
    const paths = [photographs[0]!, at('text.jpg'), at('nowhere.jpg')];
    const writing = writeFeatures(at('kept.npy'), paths, { ...options, inputSize: 32 });
    await expect(writing).rejects.toThrow(DataError);
    await expect(writing).rejects.toThrow(
      /^Cannot compute the features of 2 of 3 images: \S+text\.jpg \(not an image: .*\); \S+nowhere\.jpg \(cannot be read: .*\)\. Remove them from the list\.$/,
    );
    expect(await readFile(at('kept.npy'), 'utf8')).toBe('an earlier one');
  });

  it('stops before the next batch', async () => {
    const stopping = writeFeatures(at('stopped.npy'), photographs, { ...options, signal: AbortSignal.abort() });
    await expect(stopping).rejects.toThrow(StoppedError);
    expect(await readdir(folder)).not.toContain('stopped.npy');
  });
});

type Request = Partial<FeaturesOptions> & { out?: string; paths?: string[] };
test.each<[string, Request, new (message: string) => Error, RegExp]>([
  ['no files', { paths: [] }, ConfigError, /^Expected image files, received none\.$/],
  [
    'an unknown backbone',
    { backbone: 'resnet' },
    ConfigError,
    /^Unknown backbone "resnet"; expected one of: mobilenet, .+\.$/,
  ],
  [
    'an invalid alpha',
    { alpha: 0.3 },
    ModelError,
    /^Invalid alpha 0\.3 for mobilenet; expected one of: 0\.25, 0\.5, 0\.75, 1\.$/,
  ],
  ['a small size', { inputSize: 31 }, ModelError, /^Invalid input size 31 for mobilenet; expected 32 to 2048 px\.$/],
  ['a size of NaN', { inputSize: Number('big') }, ModelError, /^Invalid input size NaN for mobilenet;/],
  [
    'a resize method',
    { resize: 'cubic' },
    ConfigError,
    /^Unknown resize method "cubic"; expected one of: antialiased, pillow, opencv\.$/,
  ],
  [
    'missing weights',
    { weights: 'none.h5' },
    StorageError,
    /^Cannot read the weight file \S+none\.h5: no such file or folder\.$/,
  ],
  ['weights that are not HDF5', {}, ModelError, /^text\.jpg: expected an HDF5 file/],
  ['several devices', { device: 'cpu:0,cpu:1' }, ConfigError, /^Expected one device, received "cpu:0,cpu:1"\.$/],
  ['an invalid device', { device: 'cpu:9x' }, ConfigError, /received "cpu:9x"\.$/],
  ['a photograph as output', { out: 'text.jpg' }, ConfigError, /^Expected an output file that ends in \.npy/],
  ['a folder as output', { out: 'folder.npy' }, ConfigError, /^Expected an output file, received the folder/],
  [
    'a file as the folder of the output',
    { out: 'text.jpg/f.npy' },
    ConfigError,
    /^Cannot write to \S+text\.jpg: a part of the path is not a folder\.$/,
  ],
  // Not even root can write there.
  ['a folder that cannot be created', { out: '/proc/new/f.npy' }, ConfigError, /^Cannot write to \/proc\/new: /],
])('refuses %s in one line', async (_, { out = 'none.npy', paths = ['some.jpg'], ...request }, kind, message) => {
  const named = { ...options, weights: 'text.jpg', ...request };
  const writing = writeFeatures(resolve(folder, out), paths, { ...named, weights: at(named.weights) });
  await expect(writing).rejects.toThrow(kind);
  await expect(writing).rejects.toThrow(message);
  expect(await readdir(folder)).not.toContain('none.npy');
});
