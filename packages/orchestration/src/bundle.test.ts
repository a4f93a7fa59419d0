import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Calibration } from '@chorus/models';
import { openSealedFolder, StorageError, sealFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BundleManifest, readBundle, studentBundle } from './bundle.ts';
import { ConfigError } from './errors.ts';
import { writeLivelyBundle } from './export/lively-bundle.fixture.ts';

let parent: string;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-bundle-'));
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const members = [
    { name: 'one', backbone, modelCount: 2 },
    { name: 'two', backbone },
  ];
  await writeLivelyBundle(at('bundle'), members, {
    classes: ['a', 'b'],
    testTimeAugmentation: true,
    chosen: 'logistic',
  });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

it('has distinct files for all members, regardless of their names', async () => {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const members = [
    { name: 'one', backbone },
    { name: 'one.bin', backbone, modelCount: 2 },
  ];
  await writeLivelyBundle(at('names'), members, { classes: ['a', 'b'], testTimeAugmentation: false, chosen: 'mean' });
  const { manifest } = await readBundle(at('names'));
  expect(manifest.members.map(({ models }) => models.map(({ file }) => file))).toEqual([
    ['members/one/1.bin'],
    ['members/one.bin/1.bin', 'members/one.bin/2.bin'],
  ]);
});

describe('a student', () => {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;

  it('is kept beside the members, and is a bundle of its own', async () => {
    const members = [
      { name: 'one', backbone },
      { name: 'two', backbone },
    ];
    await writeLivelyBundle(at('student'), members, {
      ...{ classes: ['a', 'b'], testTimeAugmentation: false, chosen: 'logistic' },
      calibration: { kind: 'temperature', temperature: 2 },
      student: { ...backbone, inputSize: 47 },
    });
    const bundle = await readBundle(at('student'));
    expect(bundle.members.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(bundle.manifest.student!.models[0]!.file).toBe('members/student/1.bin');
    const alone = studentBundle(bundle);
    expect(alone.members).toEqual([bundle.student]);
    // The ensemble was calibrated.
    expect(bundle.manifest.calibration).not.toBeNull();
    expect(alone.manifest).toMatchObject({ chosen: 'mean', thresholds: null, calibration: null, classes: ['a', 'b'] });
    const [logits, probability] = [Float32Array.of(0.5), 1 / (1 + Math.exp(-0.5))];
    expect(alone.stackers.get('mean')!.predict([logits])[1]).toBeCloseTo(probability, 6);
  });

  it('is missing in a bundle of a run without one', async () => {
    const bundle = await readBundle(at('bundle'));
    expect(bundle.student).toBeUndefined();
    expect(() => studentBundle(bundle)).toThrow(ConfigError);
    expect(() => studentBundle(bundle)).toThrow(/^Expected a bundle with a student, received one without \(lively\);/);
  });
});

it('has the calibration of its run, or none if an earlier version wrote it', async () => {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const calibration: Calibration = { kind: 'vector', scales: [1, 2], biases: [0.5, 0] };
  await writeLivelyBundle(at('calibrated'), [{ name: 'one', backbone }], {
    ...{ classes: ['a', 'b'], testTimeAugmentation: false, chosen: 'mean', calibration },
  });
  expect((await readBundle(at('calibrated'))).manifest.calibration).toEqual(calibration);
  const files = Object.fromEntries(await openSealedFolder(at('calibrated')));
  const { calibration: _, ...earlier } = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  const replaced = async (manifest: object) =>
    sealFolder(at('calibrated'), { ...files, 'bundle.json': JSON.stringify(manifest) }, { replace: true });
  await replaced(earlier);
  expect((await readBundle(at('calibrated'))).manifest.calibration).toBeNull();
  await replaced({ ...earlier, calibration: { ...calibration, scales: [1, 2, 3], biases: [0, 0, 0] } });
  await expect(readBundle(at('calibrated'))).rejects.toThrow(/the calibration must have the same number of classes/);
});

it.each([
  [
    2,
    /bundle\.json has schemaVersion 2; this version of Chorus reads 3 and 4\. Use the version that wrote it, or train again\./,
  ],
  [5, /has schemaVersion 5/],
  ['4', /is not a bundle: .*schemaVersion/s],
])('names the unsupported version: %j', async (schemaVersion, message) => {
  const files = Object.fromEntries(await openSealedFolder(at('bundle')));
  const manifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  const changed = JSON.stringify({ ...manifest, schemaVersion, split: {} });
  await sealFolder(at('version'), { ...files, 'bundle.json': changed }, { replace: true });
  await expect(readBundle(at('version'))).rejects.toThrow(StorageError);
  await expect(readBundle(at('version'))).rejects.toThrow(message);
});

it('loads a bundle of version 3, which called testTimeAugmentation mirror', async () => {
  const files = Object.fromEntries(await openSealedFolder(at('bundle')));
  const { testTimeAugmentation, ...rest } = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  const earlier = JSON.stringify({ ...rest, schemaVersion: 3, mirror: testTimeAugmentation });
  await sealFolder(at('version-3'), { ...files, 'bundle.json': earlier }, { replace: true });
  expect((await readBundle(at('version-3'))).manifest).toEqual((await readBundle(at('bundle'))).manifest);
});

it('keeps test-time augmentation with crops, and refuses an unknown kind', async () => {
  const files = Object.fromEntries(await openSealedFolder(at('bundle')));
  const manifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  const sealWith = (testTimeAugmentation: string) =>
    sealFolder(
      at('crops'),
      { ...files, 'bundle.json': JSON.stringify({ ...manifest, testTimeAugmentation }) },
      { replace: true },
    );
  await sealWith('five-crops');
  expect((await readBundle(at('crops'))).manifest.testTimeAugmentation).toBe('five-crops');
  await sealWith('auto');
  await expect(readBundle(at('crops'))).rejects.toThrow(StorageError);
});

it.each([
  [undefined, false],
  [true, true],
])('reads shrinkOnLoad %j as %j', async (shrinkOnLoad, expected) => {
  const files = Object.fromEntries(await openSealedFolder(at('bundle')));
  const manifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
  const changed = JSON.stringify({ ...manifest, decoding: { ...manifest.decoding, resize: 'pillow', shrinkOnLoad } });
  await sealFolder(at('shrinking'), { ...files, 'bundle.json': changed }, { replace: true });
  expect((await readBundle(at('shrinking'))).manifest.decoding.shrinkOnLoad).toBe(expected);
});

it.each([
  ['no list of images', undefined, /does not list the required file images\.json/],
  ['a list that is not JSON', '{', /images\.json: invalid JSON/],
  ['a list of other values', '{"test":["photo.jpg"],"training":[]}', /images\.json does not list a run's images: /],
])('is refused with %s', async (_, images, message) => {
  const { 'images.json': __, ...files } = Object.fromEntries(await openSealedFolder(at('bundle')));
  const all = images === undefined ? files : { ...files, 'images.json': images };
  await sealFolder(at('images'), all, { replace: true });
  await expect(readBundle(at('images'))).rejects.toThrow(StorageError);
  await expect(readBundle(at('images'))).rejects.toThrow(message);
});

describe('13: an inconsistent bundle', () => {
  it.each<{ what: string; change: (manifest: BundleManifest) => unknown; message: string }>([
    {
      what: 'a member name that leaves the folder',
      change: ({ members }) => Object.assign(members[0]!, { name: '../one' }),
      message: 'expected lower-case letters',
    },
    {
      what: 'two members of the same name',
      change: ({ members }) => Object.assign(members[0]!, { name: 'two' }),
      message: 'member names must differ',
    },
    {
      what: 'two models in one file',
      change: ({ members }) => Object.assign(members[0]!.models[1]!, { file: members[0]!.models[0]!.file }),
      message: 'the files of models must differ',
    },
    {
      what: 'a model of other classes',
      change: ({ members }) => Object.assign(members[0]!.models[1]!.model, { classes: ['a', 'c'] }),
      message: 'every model must have the classes of the bundle',
    },
    {
      what: 'a backbone that does not exist',
      change: ({ members }) => Object.assign(members[1]!.models[0]!.model.backbone, { variant: 'none' }),
      message: 'member two: Unknown variant "none" of mobilenet',
    },
    {
      what: 'a limit of pixels beyond that of its readers',
      change: ({ decoding }) => Object.assign(decoding, { maxPixels: 2 ** 40 }),
      message: 'decoding.maxPixels: expected a whole number from 1 to 500000000 (received 1099511627776)',
    },
    {
      what: 'folds of two sizes',
      change: ({ members }) => Object.assign(members[0]!.models[1]!.model.backbone, { inputSize: 64 }),
      message: 'the models of a member must have the same backbone and preprocessing',
    },
    {
      what: 'a decoder that scales before it resizes without antialiasing',
      change: ({ decoding }) => Object.assign(decoding, { resize: 'opencv', shrinkOnLoad: true }),
      message: 'shrinkOnLoad requires the resize method pillow',
    },
    {
      what: 'no chosen stacker',
      change: (manifest) => Object.assign(manifest, { chosen: 'mean' }),
      message: 'the chosen stacker must be one of the stackers',
    },
    {
      what: 'a stacker of another kind than its state',
      change: (manifest) => {
        manifest.chosen = 'mean';
        manifest.stackers[0]!.kind = 'mean';
      },
      message: 'the kind of a stacker must be that of its state',
    },
    {
      what: 'two stackers of the same kind',
      change: ({ stackers }) => stackers.push(stackers[0]!),
      message: 'the kinds of stackers must differ',
    },
    {
      what: 'a stacker for more members',
      change: ({ stackers }) =>
        Object.assign(stackers[0]!, { kind: 'mean', state: { kind: 'mean', memberCount: 3, classCount: 2 } }),
      message: 'stackers must have the same number of members and classes as the bundle',
    },
  ])('is refused: $what', async ({ change, message }) => {
    const files = Object.fromEntries(await openSealedFolder(at('bundle')));
    const manifest: BundleManifest = JSON.parse(new TextDecoder().decode(files['bundle.json']));
    change(manifest);
    await sealFolder(at('changed'), { ...files, 'bundle.json': JSON.stringify(manifest) }, { replace: true });
    await expect(readBundle(at('changed'))).rejects.toThrow(StorageError);
    await expect(readBundle(at('changed'))).rejects.toThrow(message);
  });
});
