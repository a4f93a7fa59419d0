import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { compactBundle, predictFiles } from '@chorus/orchestration';
import { openSealedFolder, sealFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLivelyBundle } from '../../orchestration/src/export/lively-bundle.fixture.ts';
import {
  documentedBlock,
  type FileServer,
  serveFiles,
  smoothFile,
  smoothPixels,
  writeFruit,
  writePets,
  writePhotos,
} from './bundles.fixture.ts';
import {
  type Classification,
  type ImageClassifier,
  type ImageSource,
  loadClassifier,
  PredictorError,
} from './index.ts';

let parent: string;
let server: FileServer;
let files: string[];
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-predictor-test-'));
  await writePets(at('pets'));
  await writeFruit(at('fruit'));
  files = [at('upright.jpg'), at('turned.jpg'), at('picture.png')];
  await writeFile(files[0]!, await smoothFile('jpeg', 1));
  await writeFile(files[1]!, await smoothFile('jpeg', 2, 6));
  await writeFile(files[2]!, await smoothFile('png', 3));
  await compactBundle(at('pets'), 'int8', { out: at('pets-int8') });
  await writePhotos(at('photos'));
  await compactBundle(at('fruit'), 'int8', { out: at('fruit-integers'), images: at('photos') });
  server = await serveFiles({ all: parent });
});
afterAll(async () => {
  await server?.close();
  await rm(parent, { recursive: true, force: true });
});

/** Maximum difference of two images' probabilities. */
function difference(one: readonly Classification[], other: Readonly<Record<string, number>>): number {
  expect(one.map(({ label }) => label).toSorted()).toEqual(Object.keys(other).toSorted());
  return Math.max(...one.map(({ label, probability }) => Math.abs(probability - other[label]!)));
}

const asRecord = (one: readonly Classification[]) =>
  Object.fromEntries(one.map(({ label, probability }) => [label, probability]));

describe('loadClassifier', () => {
  it.each([
    ['the ensemble with folds, mirror images and a calibration', 'pets', {}],
    ['the student', 'pets', { student: true }],
    ['a stacker that reads features', 'fruit', {}],
    ['weights of 8 bits', 'pets-int8', {}],
    ['networks of 8-bit integers', 'fruit-integers', {}],
  ] as const)('classifies as predictFiles does, with %s', async (_, bundle, options) => {
    const { predictions } = await predictFiles(at(bundle), files, { workers: 'cpu:0', ...options });
    for (const backend of ['onnxruntime', 'wasm'] as const) {
      const classifier = await loadClassifier(at(bundle), { ...options, backend, threads: 1 });
      expect(classifier.backend).toBe(backend);
      const results = await classifier.classifyMany(files, { batchSize: 2 });
      expect(results.map(([best]) => best!.label)).toEqual(predictions.map(({ predicted }) => predicted));
      for (const [index, { probabilities }] of predictions.entries())
        expect(difference(results[index]!, probabilities)).toBeLessThan(1e-5);
      // The images have different answers, so that a mix-up would show.
      expect(difference(results[0]!, asRecord(results[2]!))).toBeGreaterThan(1e-3);
      await classifier.dispose();
    }
  });

  it('loads a member alone, from a server as well, and reports progress in bytes', async () => {
    const shares: number[] = [];
    const names = new Set<string>();
    const classifier = await loadClassifier(`${server.url}/all/pets`, {
      ...{ member: 'two', threads: 1 },
      onProgress({ loadedBytes, totalBytes, member }) {
        shares.push(loadedBytes / totalBytes);
        names.add(member);
      },
    });
    const local = await loadClassifier(pathToFileURL(at('pets')), { member: 'two', threads: 1 });
    expect(await classifier.classify(files[0]!)).toEqual(await local.classify(files[0]!));
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect([...names]).toEqual(['two']);
    expect(server.requests).toEqual(
      ['SHA256SUMS', 'bundle.json', 'members/two/1.bin'].map((name) => `/all/pets/${name}`),
    );
    await classifier.dispose();
    await local.dispose();
  });

  it.each([
    [
      'the student',
      'pets',
      { student: true },
      ['members/student/1.bin', 'members/one/1.bin', 'members/one/2.bin', 'members/two/1.bin'],
    ],
    ['the smallest member', 'fruit', { member: 'one' }, ['members/one/1.bin', 'members/two/1.bin']],
  ] as const)('offers %s before the rest is loaded, and reads each file once', async (_, bundle, alone, weights) => {
    const before = server.requests.length;
    const shares: number[] = [];
    const order: string[] = [];
    let answer: Promise<Classification[]> | undefined;
    const classifier = await loadClassifier(`${server.url}/all/${bundle}`, {
      threads: 1,
      onProgress: ({ loadedBytes, totalBytes }) => shares.push(loadedBytes / totalBytes),
      onFirst(first) {
        order.push('first');
        answer = first.classify(files[0]!).finally(() => first.dispose());
      },
    });
    order.push('all');
    expect(order).toEqual(['first', 'all']);
    const single = await loadClassifier(at(bundle), { ...alone, threads: 1 });
    expect(await answer).toEqual(await single.classify(files[0]!));
    const whole = await loadClassifier(at(bundle), { threads: 1 });
    expect(await classifier.classify(files[0]!)).toEqual(await whole.classify(files[0]!));
    expect(server.requests.slice(before)).toEqual(
      ['SHA256SUMS', 'bundle.json', ...weights].map((name) => `/all/${bundle}/${name}`),
    );
    expect(shares.at(-1)).toBe(1);
    for (const one of [classifier, single, whole]) await one.dispose();
  });

  it.each([
    ['of a bundle with one member', {}],
    ['if only a member is loaded', { member: 'one' }],
  ])('offers nothing first %s, even if it has several networks', async (_, options) => {
    await writeLivelyBundle(
      at('single'),
      [{ name: 'one', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 }, modelCount: 2 }],
      {
        ...{ classes: ['cats', 'dogs'], testTimeAugmentation: false, chosen: 'mean', resize: 'pillow' },
      },
    );
    const onFirst = () => expect.unreachable();
    const classifier = await loadClassifier(at('single'), { ...options, onFirst, backend: 'wasm', threads: 1 });
    await classifier.dispose();
  });

  it('stops when its signal is aborted', async () => {
    const controller = new AbortController();
    const loading = loadClassifier(at('pets'), {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(loading).rejects.toThrow('enough');
  });

  it.each([
    ['a folder that is not there', 'nowhere', {}, /Expected a bundle at .*nowhere.*SHA256SUMS/],
    ['an unknown member', 'pets', { member: 'three' }, /unknown member "three"; expected one of: one, two/],
    ['a bundle without a student', 'fruit', { student: true }, /expected a bundle with a student/],
    ['a member and the student', 'pets', { student: true, member: 'one' }, /either the student or the member one/],
    [
      'a bundle that is too large',
      'pets',
      { maxBytes: 1e6 },
      /expected networks of at most 1000000 bytes, received \d+/,
    ],
  ] as const)('refuses %s', async (_, bundle, options, message) => {
    const loading = loadClassifier(at(bundle), options);
    await expect(loading).rejects.toThrow(PredictorError);
    await expect(loading).rejects.toThrow(message);
  });
});

// A process of its own reads where onnxruntime is, as the user's does.
it.each([
  ['the native library', 'onnxruntime', {}],
  ['WebAssembly where there is no native library', 'wasm', { CHORUS_ONNXRUNTIME: 'none' }],
])('runs the program of the docs by %s', async (_, backend, environment) => {
  const text = (await documentedBlock('js')).replace(
    "'@chorus/predictor'",
    `'${new URL('../dist/index.js', import.meta.url)}'`,
  );
  await writeFile(at('classify.mjs'), text);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [at('classify.mjs'), at('pets'), files[0]!], {
    env: { ...process.env, ...environment },
  });
  const { predictions } = await predictFiles(at('pets'), [files[0]!], { workers: 'cpu:0' });
  const { predicted, probabilities } = predictions[0]!;
  const percentage = (100 * probabilities[predicted]!).toFixed(1);
  expect(stdout).toBe(`${files[0]}: ${predicted} (${percentage} %), by ${backend}\n`);
  expect(stderr).toBe('');
});

describe('a hostile bundle', () => {
  const change = async (
    name: string,
    edit: (files: Map<string, Uint8Array>) => Record<string, Uint8Array | string>,
  ) => {
    const sealed = await openSealedFolder(at('pets'));
    await sealFolder(at(name), { ...Object.fromEntries(sealed), ...edit(sealed) });
    return at(name);
  };
  const editManifest =
    (edit: (manifest: { members: { models: { file: string; model: object }[] }[] }) => void) =>
    (sealed: Map<string, Uint8Array>) => {
      const manifest = JSON.parse(Buffer.from(sealed.get('bundle.json')!).toString());
      edit(manifest);
      return { 'bundle.json': JSON.stringify(manifest) };
    };

  const decodingOf = (manifest: object) => (manifest as { decoding: object }).decoding;

  it.each([
    [
      'a changed weight',
      (folder: string) => flip(join(folder, 'members/two/1.bin')),
      /members\/two\/1\.bin is damaged/,
    ],
    ['a changed manifest', (folder: string) => flip(join(folder, 'bundle.json')), /bundle\.json is damaged/],
    [
      'a path out of the folder in its list',
      (folder: string) => writeFile(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  ../secret\n`),
      /expected "<sha256> {2}<file in the bundle>", received/,
    ],
    [
      'a list that is too long',
      (folder: string) => writeFile(join(folder, 'SHA256SUMS'), Buffer.alloc(2 ** 20 + 1, 'a')),
      /expected at most 1048576/,
    ],
  ])('is refused for %s, from a folder and a server', async (name, damage, message) => {
    const folder = await change(name.replaceAll(' ', '-'), () => ({}));
    await damage(folder);
    await expect(loadClassifier(folder)).rejects.toThrow(message);
    const url = `${server.url}/all/${name.replaceAll(' ', '-')}`;
    await expect(loadClassifier(url)).rejects.toThrow(PredictorError);
    await expect(loadClassifier(url)).rejects.toThrow(message);
  });

  it.each([
    ['is not JSON', () => ({ 'bundle.json': 'no' }), /bundle\.json: invalid JSON: /],
    ['has 100,000 levels', () => ({ 'bundle.json': '['.repeat(100_000) }), /bundle\.json: expected at most 64 levels/],
    [
      'has a million empty objects',
      () => ({ 'bundle.json': `[${'{},'.repeat(2 ** 20)}{}]` }),
      /bundle\.json: expected at most 1048576 arrays and objects/,
    ],
    [
      'has a key that would change a prototype',
      (sealed: Map<string, Uint8Array>) => ({
        'bundle.json': Buffer.from(sealed.get('bundle.json')!).toString().replace('{', '{"__proto__":{"name":"x"},'),
      }),
      /bundle\.json: unknown key "__proto__"/,
    ],
    [
      'has a key of every object',
      editManifest((manifest) => Object.assign(manifest.members[0]!, { toString: 1 })),
      /members\.0\.toString: unknown key/,
    ],
    [
      'allows images of any size',
      editManifest((manifest) => Object.assign(manifest, { decoding: { ...decodingOf(manifest), maxPixels: 1e15 } })),
      /decoding\.maxPixels: expected a whole number from 1 to 500000000/,
    ],
    [
      'allows any time',
      editManifest((manifest) => Object.assign(manifest, { decoding: { ...decodingOf(manifest), timeoutMs: 1e12 } })),
      /decoding\.timeoutMs: expected a whole number from 1 to 600000/,
    ],
    ['is another version', () => ({ 'bundle.json': '{"schemaVersion":9}' }), /schemaVersion 9/],
    [
      'has a wrong value',
      editManifest((manifest) => {
        Object.assign(manifest, { testTimeAugmentation: 3 });
      }),
      /bundle\.json is not a bundle: testTimeAugmentation: expected true, false.* \(received 3\)\.$/,
    ],
    [
      'names a file outside the list',
      editManifest((manifest) => {
        manifest.members[1]!.models[0]!.file = '../pets/members/two/1.bin';
      }),
      /does not list \.\.\/pets/,
    ],
    [
      'takes huge images',
      editManifest((manifest) => {
        for (const { model } of manifest.members[1]!.models)
          Object.assign((model as { backbone: object }).backbone, { inputSize: 100_000 });
      }),
      /Invalid input size 100000/,
    ],
    [
      'is invalid',
      editManifest((manifest) => {
        Object.assign(manifest.members[1]!.models[0]!.model, { outputCount: 0 });
      }),
      /members\.1\.models\.0\.model\.outputCount: expected a whole number of at least 1 \(received 0\)/,
    ],
    ['has larger weights', (sealed: Map<string, Uint8Array>) => larger(sealed), /expected at most \d+/],
  ])('is refused if its manifest %s', async (name, edit, message) => {
    const loading = loadClassifier(await change(name.replaceAll(' ', '-'), edit));
    await expect(loading).rejects.toThrow(PredictorError);
    await expect(loading).rejects.toThrow(message);
  });
});

// The bundle of each version has its own name in all of its files.
it('loads either the old or the new bundle while another process replaces it', async () => {
  await cp(at('pets'), at('replaced'), { recursive: true });
  const replacing = fork(fileURLToPath(new URL('./replace-bundle.fixture.mjs', import.meta.url)), [at('replaced')]);
  const ended = once(replacing, 'exit');
  await once(replacing, 'message');
  const names = new Set<string>();
  for (let count = 0; count < 10; count += 1) {
    const classifier = await loadClassifier(at('replaced'), { backend: 'wasm', threads: 1 });
    names.add(classifier.name);
    await classifier.dispose();
  }
  replacing.send('end');
  expect((await ended)[0]).toBe(0);
  expect([...names].every((name) => /^version \d+$/.test(name))).toBe(true);
  expect(names.size).toBeGreaterThan(1);
});

describe('a classifier', () => {
  let classifier: ImageClassifier<ImageSource>;
  beforeAll(async () => {
    classifier = await loadClassifier(at('pets'), { threads: 1 });
  });
  afterAll(() => classifier.dispose());

  it('takes the same image in any form', async () => {
    const bytes = await readFile(files[1]!);
    const turned = await classifier.classify(files[1]!);
    const arrayBuffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const { data, info } = await sharp(files[1]!).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const pixels = { data, width: info.width, height: info.height };
    for (const image of [
      ...[bytes, new Uint8Array(bytes), arrayBuffer, new Blob([arrayBuffer]), new File([arrayBuffer], 'turned.jpg')],
      ...[pathToFileURL(files[1]!), `${server.url}/all/turned.jpg`, new URL(`${server.url}/all/turned.jpg`)],
      ...[sharp(files[1]!), pixels, await classifier.decode(files[1]!)],
    ])
      expect(await classifier.classify(image)).toEqual(turned);
    expect(info).toMatchObject({ width: 90, height: 120 });
  });

  it('refuses more pixels than its own limit, and decodes one large image after another', async () => {
    const limited = await loadClassifier(at('pets'), { member: 'one', threads: 1, maxPixels: 120 * 90 });
    expect(await limited.classifyMany([files[0]!, files[1]!, files[2]!])).toHaveLength(3);
    const large = await sharp(files[0]!).resize(121, 90).png().toBuffer();
    await expect(limited.classify(large)).rejects.toThrow(/declares 121 × 90 pixels, expected at most 10800/);
    await limited.dispose();
    await expect(loadClassifier(at('pets'), { maxPixels: 0.5 })).rejects.toThrow(/maxPixels to be a whole number/);
  });

  it('puts transparent pixels on the background of the bundle', async () => {
    const pixels = smoothPixels(60, 50, 4);
    for (let index = 3; index < 4000; index += 4) pixels.data[index] = 0;
    const black = { ...pixels, data: pixels.data.slice() };
    for (let index = 0; index < 4000; index += 4) black.data.set([0, 0, 0, 255], index);
    expect(await classifier.classify(pixels)).toEqual(await classifier.classify(black));
  });

  it('returns the most probable classes first', async () => {
    const all = await classifier.classify(files[0]!);
    expect(all.map(({ label }) => label).toSorted()).toEqual(['cats', 'dogs']);
    expect(all[0]!.probability).toBeGreaterThan(all[1]!.probability);
    expect(all[0]!.probability + all[1]!.probability).toBeCloseTo(1, 6);
    expect(await classifier.classify(files[0]!, { top: 1 })).toEqual(all.slice(0, 1));
    expect(await classifier.classifyMany([])).toEqual([]);
  });

  it('answers calls that overlap', async () => {
    const together = await Promise.all(files.map((file) => classifier.classify(file)));
    expect(together).toEqual(await classifier.classifyMany(files, { batchSize: 1 }));
  });

  it.each([
    ['a path of nothing', '/nowhere.jpg', /Cannot decode \/nowhere\.jpg: cannot be read/],
    ['bytes of no image', new TextEncoder().encode('<html></html>'), /Cannot decode the Uint8Array: not an/],
    ['pixels of another size', { data: new Uint8Array(10), width: 3, height: 3 }, /3 or 4 bytes for each of 3 × 3/],
    ['too many pixels', { data: new Uint8Array(3), width: 1001, height: 1000 }, /at most 1000000 pixels/],
    ['anything else', 7 as unknown as string, /Expected a path, a URL, .*, received 7/],
  ])('refuses %s', async (_, image, message) => {
    await expect(classifier.classify(image)).rejects.toThrow(PredictorError);
    await expect(classifier.classify(image)).rejects.toThrow(message);
  });

  it.each([
    [{ top: 0 }, /top to be a whole number of at least 1, received 0/],
    [{ batchSize: 1.5 }, /batchSize to be a whole number of at least 1, received 1.5/],
  ])('refuses the options %j', async (options, message) => {
    await expect(classifier.classifyMany(files, options)).rejects.toThrow(message);
  });

  it('stops when its signal is aborted, and answers again', async () => {
    const controller = new AbortController();
    const images = function* () {
      yield files[0]!;
      yield files[1]!;
      controller.abort(new Error('enough'));
      yield files[2]!;
    };
    const stopped = classifier.classifyMany(images(), { batchSize: 1, signal: controller.signal });
    await expect(stopped).rejects.toThrow('enough');
    expect(await classifier.classify(files[0]!)).toHaveLength(2);
  });

  it('leaves turns of the event loop to others between two networks, so that a timer can stop it', async () => {
    const image = await classifier.decode(files[0]!);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 1);
    const images = Array.from({ length: 300 }, () => image);
    const stopped = classifier.classifyMany(images, { batchSize: 1, signal: controller.signal });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('waits for calls that are still decoding before it is disposed', async () => {
    const other = await loadClassifier(at('pets'), { student: true, threads: 1 });
    const calls = [other.classify(files[0]!), other.classifyMany(files), other.decode(files[1]!)] as const;
    const disposed = other.dispose();
    const [alone, all] = await Promise.all(calls);
    expect(all[0]).toEqual(alone);
    await disposed;
  });

  it('waits for running calls before it is disposed, and refuses later ones', async () => {
    const other = await loadClassifier(at('pets'), { member: 'one', threads: 1 });
    const image = await other.decode(files[0]!);
    const running = other.classify(image);
    await new Promise((soon) => setImmediate(soon));
    await Promise.all([other.dispose(), other.dispose()]);
    expect(await running).toHaveLength(2);
    await expect(other.classify(image)).rejects.toThrow(/received one that was disposed/);
    await expect(classifier.classify(image)).rejects.toThrow(
      /Expected an image decoded to 47 px, received one of 32 px/,
    );
  });
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[100]! ^= 1;
  await writeFile(path, bytes);
}

/** A file may not have more bytes than its manifest lists: else it would be read until memory ends. */
function larger(sealed: Map<string, Uint8Array>): Record<string, Uint8Array> {
  return { 'members/two/1.bin': Buffer.concat([sealed.get('members/two/1.bin')!, Buffer.alloc(1000)]) };
}
