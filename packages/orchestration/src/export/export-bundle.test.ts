import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { drawShapes, fillBatch, PixelStore } from '@chorus/data';
import {
  backboneFamilies,
  backboneTable,
  type Calibration,
  ModelError,
  type PixelTransform,
  singleMemberManifest,
  stackerFromJson,
} from '@chorus/models';
import { openOnnxSession } from '@chorus/runtime';
import { openSealedFolder, sealFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle, writeBundle } from '../bundle.ts';
import { ConfigError } from '../errors.ts';
import { predictFiles } from '../predict.ts';
import { decodeToStores } from '../run/decode-to-stores.ts';
import { applicationOf, type ExportDescription } from './description.ts';
import { type ExportResult, exportBundle } from './export-bundle.ts';
import { writeLivelyBundle } from './lively-bundle.fixture.ts';
import { membersPy, pythonExpression } from './members-py.ts';

const calibration = { kind: 'vector', scales: [1.5, 0.8], biases: [0.4, -0.1] } satisfies Calibration;

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
      { name: 'members.py', backbone: { ...backbone, inputSize: 47 }, preprocessing: 'raw-bgr' },
    ],
    {
      ...{ classes: ['discs', 'stars'], testTimeAugmentation: true, chosen: 'weighted', calibration },
      student: { ...backbone, inputSize: 32 },
    },
  );
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Loads a model from a folder as from a file server. */
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

  it('creates a folder beside the bundle with all files that its description lists', async () => {
    expect(result.folder).toBe(at('run/export-keras'));
    const description: ExportDescription = JSON.parse(await textAt('run/export-keras/export.json'));
    expect(description).toEqual(result.description);
    expect(description.ensemble).toMatchObject({
      stacker: 'weighted',
      calibration,
      inputs: [
        { name: 'image_32', size: 32 },
        { name: 'image_47', size: 47 },
      ],
    });
    expect(await textAt('run/export-keras/README.md')).toContain(
      'the whole ensemble (weighted, calibrated by a scale and a bias per class; the members are not calibrated)',
    );
    expect(description.members.map(({ keras }) => keras!.weights)).toEqual([
      ['keras/weights/small/1.weights.h5', 'keras/weights/small/2.weights.h5'],
      ['keras/weights/members.py/1.weights.h5'],
    ]);
    const named = [
      description.ensemble.tfjs,
      ...description.members.flatMap(({ tfjs, keras }) => [tfjs, ...keras!.weights]),
    ];
    expect(description.files).toEqual(expect.arrayContaining(named));
    const there = await readdir(result.folder, { recursive: true, withFileTypes: true });
    const files = there.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(description.files.map((name) => join(result.folder, name)).sort()).toEqual(files.sort());
    for (const path of files) expect((await stat(path)).size).toBeGreaterThan(0);
  });

  it('predicts the same as predict', async () => {
    const { predictions } = await predictFiles(at('run/bundle'), images);
    const { manifest } = await readBundle(at('run/bundle'));
    const decoding = { ...manifest.decoding, maxSkippedShare: 0 };
    const { pixels } = await decodeToStores(
      images.map((path) => ({ path })),
      [32, 47],
      decoding,
    );
    const [indices, flips] = [Uint32Array.from(images.keys()), new Uint8Array(images.length)];
    const inputs = [32, 47].map((size) => {
      const values = new Float32Array(images.length * size * size * 3);
      fillBatch(new PixelStore(pixels.get(size)!), { indices, flips }, values);
      return tf.tensor4d(values, [images.length, size, size, 3]);
    });
    const ensemble = await load('run/export-keras/tfjs/ensemble/model.json');
    const found = (ensemble.predict(inputs) as tf.Tensor).dataSync();

    const ofDiscs = predictions.map(({ probabilities }) => probabilities.discs!);
    expect(Math.max(...ofDiscs) - Math.min(...ofDiscs)).toBeGreaterThan(0.02);
    for (const [row, { probabilities }] of predictions.entries())
      for (const [label, name] of manifest.classes.entries())
        expect(Math.abs(found[row * 2 + label]! - probabilities[name]!)).toBeLessThan(1e-5);
  });
});

describe('for onnxruntime', () => {
  it.each<[string, (path: string, feeds: Feeds) => Promise<Float32Array>]>([
    ['natively', runNative],
    ['in WebAssembly', runWeb],
  ])('predicts the same as predict from uint8 pixels, %s, by the ensemble and by each member', async (_, run) => {
    const { folder, description } = await exportBundle(at('run/bundle'), 'onnx');
    expect(folder).toBe(at('run/export-onnx'));
    expect(description.ensemble.onnx).toBe('onnx/ensemble.onnx');
    expect(description.files.toSorted()).toEqual(
      [
        ...['README.md', 'export.json', 'resize.mjs', 'onnx/ensemble.onnx'],
        ...['onnx/members/members.py.onnx', 'onnx/members/small.onnx'],
      ].toSorted(),
    );
    const { manifest } = await readBundle(at('run/bundle'));
    const files = images.map((path) => ({ path }));
    const { pixels } = await decodeToStores(files, [32, 47], { ...manifest.decoding, maxSkippedShare: 0 });
    const feeds: Feeds = Object.fromEntries(
      description.ensemble.inputs.map(({ name, size }) => {
        const store = new PixelStore(pixels.get(size)!);
        const bytes = Uint8Array.from(images.flatMap((_, index) => [...store.pixels(index)]));
        return [name, { pixels: bytes, shape: [images.length, size, size, 3] }];
      }),
    );
    const all = [
      { bundle: at('run/bundle'), path: 'onnx/ensemble.onnx', inputs: ['image_32', 'image_47'] },
      { bundle: await writeMember('small'), path: 'onnx/members/small.onnx', inputs: ['image_32'] },
      { bundle: await writeMember('members.py'), path: 'onnx/members/members.py.onnx', inputs: ['image_47'] },
    ];
    for (const { bundle, path, inputs } of all) {
      const found = await run(join(folder, path), Object.fromEntries(inputs.map((name) => [name, feeds[name]!])));
      const { predictions } = await predictFiles(bundle, images, { runtime: { logicalCpuDevices: 2 } });
      const ofDiscs = predictions.map(({ probabilities }) => probabilities.discs!);
      expect(Math.max(...ofDiscs) - Math.min(...ofDiscs)).toBeGreaterThan(0.02);
      expect(found).toHaveLength(manifest.classes.length * images.length);
      for (const [row, { probabilities }] of predictions.entries())
        for (const [label, name] of manifest.classes.entries())
          expect(Math.abs(found[row * 2 + label]! - probabilities[name]!), path).toBeLessThan(1e-5);
    }
  });
});

/** Inputs of a graph, by name. */
type Feeds = Record<string, { pixels: Uint8Array; shape: number[] }>;

async function runNative(path: string, feeds: Feeds): Promise<Float32Array> {
  const session = await openOnnxSession(path, { threads: 1, spin: false });
  const { values } = await session.run(feeds);
  const found = values.slice();
  await session.dispose();
  return found;
}

async function runWeb(path: string, feeds: Feeds): Promise<Float32Array> {
  const session = await InferenceSession.create(path);
  const tensors = Object.entries(feeds).map(
    ([name, { pixels, shape }]) => [name, new Tensor('uint8', pixels, shape)] as const,
  );
  const { probabilities } = await session.run(Object.fromEntries(tensors));
  const found = Float32Array.from(probabilities!.data as Float32Array);
  await session.release();
  return found;
}

/** Writes a bundle of one member of the bundle alone, to predict with. */
async function writeMember(name: string): Promise<string> {
  const { manifest, members, images: used } = await readBundle(at('run/bundle'));
  const member = manifest.members.find((one) => one.name === name)!;
  const { schemaVersion: _, members: __, student: ___, stackers, ...single } = singleMemberManifest(manifest, member);
  const folder = at(`members/${name}`);
  await writeBundle(
    folder,
    single,
    members.filter((one) => one.name === name),
    new Map(stackers.map(({ kind, state }) => [kind, stackerFromJson(state)])),
    used,
  );
  return folder;
}

describe('the student alone', () => {
  it('is exported to a folder of its own, without the ensemble, and predicts the same as predict', async () => {
    const { folder, description } = await exportBundle(at('run/bundle'), 'keras', { student: true });
    expect(folder).toBe(at('run/export-student-keras'));
    const path = 'tfjs/members/student/model.json';
    expect(description).toMatchObject({
      student: true,
      ensemble: { tfjs: path },
      members: [{ name: 'student', tfjs: path }],
    });
    expect(description.members[0]!.keras!.weights).toEqual(['keras/weights/student/1.weights.h5']);
    expect(description.files.filter((name) => name.endsWith('model.json'))).toEqual([path]);
    expect(await textAt('run/export-student-keras/README.md')).toContain(`tf.loadLayersModel('${path}')`);

    const { predictions } = await predictFiles(at('run/bundle'), images, {
      student: true,
      // As many as the ensemble in the test above.
      runtime: { logicalCpuDevices: 2 },
    });
    const { manifest } = await readBundle(at('run/bundle'));
    const decoding = { ...manifest.decoding, maxSkippedShare: 0 };
    const { pixels } = await decodeToStores(
      images.map((file) => ({ path: file })),
      [32],
      decoding,
    );
    const values = new Float32Array(images.length * 32 * 32 * 3);
    const batch = { indices: Uint32Array.from(images.keys()), flips: new Uint8Array(images.length) };
    fillBatch(new PixelStore(pixels.get(32)!), batch, values);
    const model = await load(`run/export-student-keras/${path}`);
    const found = (model.predict(tf.tensor4d(values, [images.length, 32, 32, 3])) as tf.Tensor).dataSync();
    for (const [row, { probabilities }] of predictions.entries())
      expect(Math.abs(found[row * 2]! - probabilities.discs!)).toBeLessThan(1e-5);
  });
});

it('the Keras script contains every preprocessing', () => {
  expect(membersPy).toContain(`
PREPROCESSING = {
    "minus-one-to-one": lambda image: image / 127.5 - 1.0,
    "raw-bgr": lambda image: image[..., ::-1],
}
`);
});

it('the Keras script ends only programs of its own', () => {
  const [imported] = membersPy.split('if __name__ == "__main__":');
  expect(imported).toContain('raise UnknownMember(f"Unknown member {name}; expected one of: ');
  expect(imported).not.toContain('SystemExit');
});

it('the Keras script builds every backbone that keras.applications does not have', () => {
  const applications = backboneFamilies.flatMap((family) =>
    backboneTable[family].variants
      .filter(({ reference }) => reference.library !== 'keras')
      .map((variant) => applicationOf(variant).application),
  );
  expect(applications).toContain('tf_efficientnet_lite0');
  for (const application of applications) expect(membersPy).toContain(`\ndef ${application}(image):`);
});

it.each<[PixelTransform, string]>([
  [{ channelOrder: 'rgb', divisor: 1, offset: 0 }, 'image'],
  [{ channelOrder: 'rgb', divisor: 255, offset: 0 }, 'image / 255.0'],
  [
    { channelOrder: 'bgr', divisor: 1, offset: [103.939, 116.779, 123.68] },
    'image[..., ::-1] - keras.ops.array([103.939, 116.779, 123.68])',
  ],
  [{ channelOrder: 'rgb', divisor: [58.5, 57, 57.5], offset: 2 }, 'image / keras.ops.array([58.5, 57.0, 57.5]) - 2.0'],
])('%o in Python is %s', (transform, expected) => {
  expect(pythonExpression(transform)).toBe(expected);
});

describe('for tfjs', () => {
  it('has no files for Keras, and can be repeated at a given path', async () => {
    for (const time of ['first', 'second']) {
      const { folder } = await exportBundle(at('run/bundle'), 'tfjs', { out: at('new/elsewhere') });
      expect((await readdir(folder)).sort(), time).toEqual(['README.md', 'export.json', 'resize.mjs', 'tfjs']);
    }
    expect(await textAt('new/elsewhere/README.md')).not.toContain('Keras');
  });
});

describe('stops', () => {
  it('before the next file, and leaves nothing', async () => {
    const before = (await readdir(at('run'))).sort();
    let asked = 0;
    // Aborts while the third file is generated.
    const signal = {
      get aborted() {
        asked += 1;
        return asked > 3;
      },
    } as AbortSignal;
    const exporting = exportBundle(at('run/bundle'), 'keras', { out: at('run/stopped'), signal });
    await expect(exporting).rejects.toThrow(StoppedError);
    expect(asked).toBe(4);
    expect((await readdir(at('run'))).sort()).toEqual(before);
  });
});

describe('refuses', () => {
  it.each<{ what: string; make: () => Promise<unknown>; message: string }>([
    {
      what: 'a folder with other files',
      make: () => mkdir(at('taken')).then(() => writeFile(at('taken/thesis.txt'), '')),
      message: 'received a folder with thesis.txt',
    },
    {
      what: "another program's export.json",
      make: () => mkdir(at('taken')).then(() => writeFile(at('taken/export.json'), '{"format":"theirs"}')),
      message: 'received a folder with export.json',
    },
    {
      what: 'an export of a version that did not list its files',
      make: () => mkdir(at('taken')).then(() => writeFile(at('taken/export.json'), '{"format":"chorus-export"}')),
      message: 'received a folder with export.json',
    },
    {
      what: "an export with something of the user's",
      make: async () => {
        await exportBundle(at('run/bundle'), 'tfjs', { out: at('taken') });
        await writeFile(at('taken/tfjs/serve.sh'), '');
        await symlink(at('run'), at('taken/photos'));
      },
      message: 'only files of the earlier export at PLACE, received photos, tfjs/serve.sh',
    },
    { what: 'a file', make: () => writeFile(at('taken'), ''), message: 'received a file' },
  ])('$what at the output path', async ({ make, message }) => {
    await make();
    const exporting = exportBundle(at('run/bundle'), 'tfjs', { out: at('taken') });
    await expect(exporting).rejects.toThrow(ConfigError);
    await expect(exporting).rejects.toThrow(message.replace('PLACE', at('taken')));
    await rm(at('taken'), { recursive: true });
  });

  it("no operating systems' files, alone or with an earlier export", async () => {
    await mkdir(at('kept'));
    await writeFile(at('kept/Thumbs.db'), '');
    for (let round = 0; round < 2; round += 1) {
      const { description } = await exportBundle(at('run/bundle'), 'tfjs', { out: at('kept') });
      expect(description.files).not.toContain('.DS_Store');
      for (const name of ['.DS_Store', 'tfjs/._ensemble']) await writeFile(at(`kept/${name}`), '');
    }
    await rm(at('kept'), { recursive: true });
  });

  it.each(['run/bundle', 'run/bundle/export', 'run/linked/export/tfjs', 'run/bundle/..export'])(
    'a path inside the bundle: %s',
    async (place) => {
      await symlink(at('run/bundle'), at('run/linked'));
      const exporting = exportBundle(at('run/bundle'), 'tfjs', { out: at(place) });
      await expect(exporting).rejects.toThrow(ConfigError);
      await expect(exporting).rejects.toThrow('Expected a folder outside the bundle, received ');
      await readBundle(at('run/bundle'));
      await rm(at('run/linked'));
    },
  );

  it.each(['/proc/new/export', '/proc/export', 'run/bundle/bundle.json/export'])(
    'a path that is not writable: %s',
    async (place) => {
      const exporting = exportBundle(at('run/bundle'), 'tfjs', { out: resolve(parent, place) });
      await expect(exporting).rejects.toThrow(ConfigError);
      await expect(exporting).rejects.toThrow(/^Cannot write to \S+: [a-z -]+\.$/);
    },
  );

  it('a member with a weight of NaN, and disposes the others', async () => {
    const files = Object.fromEntries(await openSealedFolder(at('run/bundle')));
    new DataView(files['members/members.py/1.bin']!.buffer).setFloat32(0, Number.NaN, true);
    await sealFolder(at('broken/bundle'), files);
    const before = tf.memory().numTensors;
    await expect(exportBundle(at('broken/bundle'), 'tfjs')).rejects.toThrow(ModelError);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('an unknown format', async () => {
    await expect(exportBundle(at('run/bundle'), 'tflite')).rejects.toThrow(
      'Unknown format "tflite"; expected one of: keras, tfjs, onnx.',
    );
  });
});
