import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { unchanged } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FeatureCache, type FeatureOrigin, featureKey } from './feature-cache.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-feature-cache-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const compute = {
  compile: true,
  bfloat16: false,
  forward: { engine: 'onnxruntime', threads: 1, spin: false },
} as const;
const origin: FeatureOrigin = {
  member: {
    backbone: { family: 'mobilenet', variant: '0.25', inputSize: 32 },
    preprocessing: 'minus-one-to-one',
    weights: { kind: 'file', path: '/weights/a.h5', sha256: 'a'.repeat(64) },
  },
  features: { indices: Uint32Array.of(0, 2), rowsPerImage: 2 },
  sha256: ['1', '2', '3'],
  decoding: { maxPixels: 1e8, timeoutMs: 1000, background: '#000000', resize: 'pillow', shrinkOnLoad: false },
  decodedSizes: [32],
  lanes: [
    { device: 'cpu:0', compute },
    { device: 'cpu:1', compute },
  ],
};

describe('featureKey', () => {
  const { member, features, decoding, lanes } = origin;
  const [lane] = lanes as [(typeof lanes)[number]];
  const copies = { count: 2, augmentation: { kind: 'random', ...unchanged, rotation: 9 }, seed: 7 } as const;
  const withCopies = (cachedCopies: NonNullable<FeatureOrigin['features']['cachedCopies']>) => ({
    ...features,
    cachedCopies,
  });
  const tensorflow = { ...compute, forward: { engine: 'tensorflow' } } as const;

  it.each<[string, Partial<FeatureOrigin>]>([
    ['weights', { member: { ...member, weights: { kind: 'file', path: '/weights/a.h5', sha256: 'b'.repeat(64) } } }],
    ['input size', { member: { ...member, backbone: { ...member.backbone, inputSize: 64 } } }],
    ['images', { features: { ...features, indices: Uint32Array.of(0, 1) } }],
    ['order of the images', { features: { ...features, indices: Uint32Array.of(2, 0) } }],
    ['content of an image', { sha256: ['1', '2', '4'] }],
    ['views', { features: { ...features, rowsPerImage: 1 } }],
    ['copies', { features: withCopies(copies) }],
    ['background', { decoding: { ...decoding, background: '#ffffff' } }],
    ['scaling of the decoder', { decoding: { ...decoding, shrinkOnLoad: true } }],
    ['engine', { lanes: [{ ...lane, compute: tensorflow }] }],
  ])('depends on the %s', (_, changes) => {
    const key = featureKey({ ...origin, ...changes });
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(key).not.toBe(featureKey(origin));
  });

  it.each<[string, Partial<FeatureOrigin>]>([
    ['seed', { features: withCopies({ ...copies, seed: 8 }) }],
    ['number', { features: withCopies({ ...copies, count: 3 }) }],
    ['augmentation', { features: withCopies({ ...copies, augmentation: { ...copies.augmentation, rotation: 3 } }) }],
    [
      'places of the images, by which they are drawn',
      { features: { ...withCopies(copies), indices: Uint32Array.of(0, 3) }, sha256: ['1', '2', '9', '3'] },
    ],
  ])('depends on the %s of copies', (_, changes) => {
    expect(featureKey({ ...origin, ...changes })).not.toBe(featureKey({ ...origin, features: withCopies(copies) }));
  });

  it.each<[string, Partial<FeatureOrigin>]>([
    [
      'places of the images without copies',
      { features: { ...features, indices: Uint32Array.of(0, 3) }, sha256: ['1', '2', '9', '3'] },
    ],
    ['images that are not used', { sha256: ['1', '9', '3'] }],
    ['limits of the decoder', { decoding: { ...decoding, timeoutMs: 9 } }],
    [
      'place of the weights',
      { member: { ...member, weights: { kind: 'file', path: '/b.h5', sha256: 'a'.repeat(64) } } },
    ],
    ['number of lanes', { lanes: [lane] }],
    ['input sizes of other members', { decodedSizes: [32, 64] }],
  ])('does not depend on the %s', (_, changes) => {
    expect(featureKey({ ...origin, ...changes })).toBe(featureKey(origin));
  });

  it.each<[string, Partial<FeatureOrigin>]>([
    ['random weights', { member: { ...member, weights: { kind: 'random' } } }],
    ['an image without a hash', { sha256: [null, '2', '3'] }],
    ['a GPU', { lanes: [{ ...lane, device: 'gpu:0' }] }],
    ['two engines', { lanes: [lane, { ...lane, compute: tensorflow }] }],
  ])('is undefined for %s', (_, changes) => {
    expect(featureKey({ ...origin, ...changes })).toBeUndefined();
  });
});

it('depends on the largest input size if the decoder scales', () => {
  const scaled = { ...origin, decoding: { ...origin.decoding, shrinkOnLoad: true } };
  const keys = [[32], [32, 64], [64, 32], [32, 96]].map((decodedSizes) => featureKey({ ...scaled, decodedSizes }));
  expect(keys[2]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(3);
});

it('is undefined for an own build of an engine', () => {
  vi.stubEnv('CHORUS_ONNXRUNTIME', '/own');
  expect(featureKey(origin)).toBeUndefined();
  vi.stubEnv('CHORUS_ONNXRUNTIME', 'none');
  expect(featureKey(origin)).toBeDefined();
  vi.unstubAllEnvs();
});

describe('FeatureCache', () => {
  const rowsOf = (...values: number[]) => {
    const shared = new SharedArrayBuffer(values.length * 4);
    new Float32Array(shared).set(values);
    return shared;
  };

  it('returns what was written, and nothing of another size', async () => {
    const cache = new FeatureCache({ folder: join(folder, 'one') });
    expect(await cache.read('a', 8)).toBeUndefined();
    await cache.write('a', rowsOf(1, Number.NaN));
    const rows = await cache.read('a', 8);
    expect(rows).toBeInstanceOf(SharedArrayBuffer);
    expect([...new Float32Array(rows!)]).toEqual([1, Number.NaN]);
    expect(await cache.read('a', 4)).toBeUndefined();
    expect(await cache.read('b', 8)).toBeUndefined();
  });

  it('does not return a damaged file', async () => {
    const cache = new FeatureCache({ folder: join(folder, 'damaged') });
    await cache.write('a', rowsOf(1, 2));
    const path = join(folder, 'damaged/a.f32');
    const content = await readFile(path);
    content[3]! ^= 1;
    await writeFile(path, content);
    expect(await cache.read('a', 8)).toBeUndefined();
  });

  it('is empty once it is cleared', async () => {
    const cache = new FeatureCache({ folder: join(folder, 'cleared') });
    expect(await cache.clear()).toEqual([]);
    await cache.write('a', rowsOf(1));
    await writeFile(join(folder, 'cleared/b.f32.405153355'), 'left by a killed process');
    const cleared = (await cache.clear()).map(({ path, bytes }) => [basename(path), bytes]);
    expect(cleared.toSorted()).toEqual([
      ['a.f32', 36],
      ['b.f32.405153355', 24],
    ]);
    expect(await cache.files()).toEqual([]);
  });

  it('stays within its budget: the file that was not used for longest goes first', async () => {
    // Each file has 8 + 32 bytes.
    const cache = new FeatureCache({ folder: join(folder, 'bounded'), budgetBytes: 100 });
    for (const [index, key] of ['a', 'b'].entries()) {
      await cache.write(key, rowsOf(index, index));
      await utimes(join(folder, 'bounded', `${key}.f32`), index, index);
    }
    await cache.read('a', 8);
    await cache.write('c', rowsOf(3, 3));
    const names = (await cache.files()).map(({ path }) => basename(path));
    expect(names.toSorted()).toEqual(['a.f32', 'c.f32']);
    await cache.write('large', rowsOf(...new Array<number>(20).fill(0)));
    expect((await cache.files()).map(({ path }) => basename(path)).toSorted()).toEqual(['a.f32', 'c.f32']);
  });
});
