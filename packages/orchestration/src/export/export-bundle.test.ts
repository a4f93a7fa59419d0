import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../bundle.ts';
import { ConfigError } from '../errors.ts';
import { predictFiles } from '../evaluate.ts';
import { ImageReader } from '../member/image-reader.ts';
import { decodeToStores } from '../run/decode-to-stores.ts';
import type { ExportDescription } from './description.ts';
import { type ExportResult, exportBundle } from './export-bundle.ts';
import { writeLivelyBundle } from './lively-bundle.fixture.ts';

let parent: string;
let images: string[];
const at = (name: string) => join(parent, name);
const textAt = (name: string) => readFile(at(name), 'utf8');

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-export-'));
  await drawShapes(at('data'), { seed: 1, imagesPerClass: { train: 4, validation: 0 } });
  images = ['discs', 'stars'].flatMap((form) =>
    [0, 1, 2, 3].map((index) => at(`data/train/${form}/${form}-0000${index}.png`)),
  );
  const backbone = { family: 'mobilenet', alpha: 0.25 } as const;
  await writeLivelyBundle(
    at('run/bundle'),
    [
      { name: 'small', backbone: { ...backbone, inputSize: 32 }, modelCount: 2 },
      { name: 'large', backbone: { ...backbone, inputSize: 47 }, preprocessing: 'raw-bgr' },
    ],
    { classes: ['discs', 'stars'], mirror: true, chosen: 'logistic' },
  );
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** A model of a folder, as a file server would hand it out. */
async function load(path: string): Promise<tf.LayersModel> {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const { modelTopology, weightsManifest } = JSON.parse(await textAt(path)) as tf.io.ModelJSON;
  const shards = await Promise.all(weightsManifest[0]!.paths.map((name) => readFile(at(`${folder}/${name}`))));
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData }));
}

describe('for Keras', () => {
  let result: ExportResult;
  beforeAll(async () => {
    result = await exportBundle(at('run/bundle'), 'keras');
  });

  it('lies beside the bundle, with everything that its description names', async () => {
    expect(result.folder).toBe(at('run/export-keras'));
    const description: ExportDescription = JSON.parse(await textAt('run/export-keras/export.json'));
    expect(description).toEqual(result.description);
    expect(description.ensemble).toMatchObject({
      stacker: 'logistic',
      inputs: [
        { name: 'image_32', size: 32 },
        { name: 'image_47', size: 47 },
      ],
    });
    expect(description.members.map(({ keras }) => keras!.weights)).toEqual([
      ['keras/small.1.weights.h5', 'keras/small.2.weights.h5'],
      ['keras/large.weights.h5'],
    ]);
    const named = [
      description.ensemble.tfjs,
      ...description.members.flatMap(({ tfjs, keras }) => [tfjs, ...keras!.weights]),
    ];
    for (const name of named) expect((await readFile(at(`run/export-keras/${name}`))).length).toBeGreaterThan(0);
    expect((await readdir(result.folder)).sort()).toEqual(['README.md', 'export.json', 'keras', 'tfjs']);
  });

  it('answers as predict does', async () => {
    const { predictions } = await predictFiles(at('run/bundle'), images);
    const { manifest } = await readBundle(at('run/bundle'));
    const decoding = { ...manifest.decoding, maxSkippedShare: 0 };
    const { pixels } = await decodeToStores(
      images.map((path) => ({ path })),
      [32, 47],
      decoding,
    );
    const [indices, flips] = [Uint32Array.from(images.keys()), new Uint8Array(images.length)];
    const inputs = [32, 47].map((size) =>
      new ImageReader(pixels.get(size)!, new SharedArrayBuffer(images.length)).read({ indices, flips }),
    );
    const ensemble = await load('run/export-keras/tfjs/ensemble/model.json');
    const found = (ensemble.predict(inputs) as tf.Tensor).dataSync();

    const ofDiscs = predictions.map(({ probabilities }) => probabilities.discs!);
    expect(Math.max(...ofDiscs) - Math.min(...ofDiscs)).toBeGreaterThan(0.02);
    for (const [row, { probabilities }] of predictions.entries())
      for (const [label, name] of manifest.classes.entries())
        expect(Math.abs(found[row * 2 + label]! - probabilities[name]!)).toBeLessThan(1e-5);
  });
});

describe('for tfjs', () => {
  it('has nothing for Keras, and goes where it is told, again and again', async () => {
    for (const time of ['first', 'second']) {
      const { folder } = await exportBundle(at('run/bundle'), 'tfjs', { out: at('elsewhere') });
      expect((await readdir(folder)).sort(), time).toEqual(['README.md', 'export.json', 'tfjs']);
      await writeFile(at('elsewhere/left-over'), '');
    }
    expect(await textAt('elsewhere/README.md')).not.toContain('Keras');
  });
});

describe('refuses', () => {
  it.each<{ what: string; make: () => Promise<unknown>; message: string }>([
    {
      what: 'a folder with something else',
      make: () => mkdir(at('taken')).then(() => writeFile(at('taken/thesis.txt'), '')),
      message: 'received a folder with thesis.txt',
    },
    {
      what: "another program's export.json",
      make: () => mkdir(at('taken')).then(() => writeFile(at('taken/export.json'), '{"format":"theirs"}')),
      message: 'received a folder with export.json',
    },
    { what: 'a file', make: () => writeFile(at('taken'), ''), message: 'received a file' },
  ])('$what in its place', async ({ make, message }) => {
    await make();
    const exporting = exportBundle(at('run/bundle'), 'tfjs', { out: at('taken') });
    await expect(exporting).rejects.toThrow(ConfigError);
    await expect(exporting).rejects.toThrow(message);
    await rm(at('taken'), { recursive: true });
  });

  it('a format that there is not', async () => {
    await expect(exportBundle(at('run/bundle'), 'onnx')).rejects.toThrow('out of keras, tfjs, received "onnx"');
  });
});
