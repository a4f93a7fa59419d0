import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { noiseImages } from '../numbers.fixture.ts';
import { type MemberManifest, memberManifestSchema } from './manifest.ts';
import { compactMember, memberFromBytes, memberToBytes, type SavedMember } from './member-bytes.ts';

let classifier: Classifier;
let saved: SavedMember;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  classifier = createClassifier({ backbone, classes: ['cats', 'dogs', 'owls'], dropout: 0.25, seed: 5 });
  saved = memberToBytes(classifier);
});
afterAll(() => classifier.dispose());

/** The manifest as it would come from a file. */
function fromFile(): MemberManifest {
  return JSON.parse(JSON.stringify(saved.manifest));
}

function expectSame(found: SavedMember, expected: SavedMember): void {
  expect(found.manifest).toEqual(expected.manifest);
  expect(Buffer.compare(found.weights, expected.weights)).toBe(0);
}

describe('memberToBytes and memberFromBytes', () => {
  it('preserve a member, bit for bit', () => {
    const again = memberFromBytes(fromFile(), saved.weights);
    expectSame(memberToBytes(again), saved);
    expect([again.classes, again.backbone, again.dropout]).toEqual([classifier.classes, classifier.backbone, 0.25]);
    tf.tidy(() => {
      const images = noiseImages(2, 32);
      expect(again.logits(images).dataSync()).toEqual(classifier.logits(images).dataSync());
    });
    again.dispose();
  });

  it('read weights at any offset of a buffer', () => {
    const shifted = new Uint8Array(saved.weights.length + 3);
    shifted.set(saved.weights, 3);
    const again = memberFromBytes(fromFile(), shifted.subarray(3));
    expectSame(memberToBytes(again), saved);
    again.dispose();
  });

  it("read node's Buffer, whose slice() shares memory", () => {
    const again = memberFromBytes(fromFile(), Buffer.from(saved.weights));
    expectSame(memberToBytes(again), saved);
    again.dispose();
  });

  it('preserve the preprocessing raw-bgr', () => {
    const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
    const raw = createClassifier({ backbone, classes: ['cats', 'dogs'], preprocessing: 'raw-bgr', seed: 5 });
    const { manifest, weights } = memberToBytes(raw);
    expect(manifest.preprocessing).toBe('raw-bgr');
    const again = memberFromBytes(JSON.parse(JSON.stringify(manifest)), weights);
    expect(again.preprocessing).toBe(raw.preprocessing);
    expectSame(memberToBytes(again), { manifest, weights });
    raw.dispose();
    again.dispose();
  });

  it('preserve a variant that is chosen by its name', () => {
    const backbone = { family: 'mobilenet', variant: '0.25', inputSize: 32 } as const;
    const named = createClassifier({ backbone, classes: ['cats', 'dogs', 'owls'], dropout: 0.25, seed: 5 });
    const { manifest, weights } = memberToBytes(named);
    // The same model as the one that `alpha` chose.
    expectSame({ manifest: { ...manifest, backbone: classifier.backbone }, weights }, saved);
    const again = memberFromBytes(JSON.parse(JSON.stringify(manifest)), weights);
    expectSame(memberToBytes(again), { manifest, weights });
    named.dispose();
    again.dispose();
  });

  it('describe the member in the manifest', () => {
    expect(memberManifestSchema.parse(fromFile())).toEqual(saved.manifest);
    expect(saved.manifest).toMatchObject({ preprocessing: 'minus-one-to-one', outputCount: 3, dtype: 'float32' });
    expect(saved.manifest.tensors[0]).toEqual({
      name: 'conv1/kernel',
      shape: [3, 3, 3, 8],
      offset: 0,
      byteLength: 864,
    });
    expect(saved.manifest.tensors.at(-1)).toMatchObject({ name: 'head/bias', shape: [3], byteLength: 12 });
    const { offset, byteLength } = saved.manifest.tensors.at(-1)!;
    expect(offset + byteLength).toBe(saved.weights.length);
  });

  it('leak no tensor', () => {
    const before = tf.memory().numTensors;
    memberFromBytes(fromFile(), memberToBytes(classifier).weights).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('memberFromBytes refuses', () => {
  type Change = (manifest: MemberManifest) => unknown;
  const tensor =
    (index: number, change: object): Change =>
    (manifest) =>
      Object.assign(manifest.tensors[index]!, change);
  const field =
    (change: object): Change =>
    (manifest) =>
      Object.assign(manifest, change);

  const cases: [string, Change, RegExp][] = [
    ['a negative shape', tensor(0, { shape: [-3, 3, 3, 8] }), /tensors\.0\.shape\.0/],
    [
      'a shape of 1e9 × 1e9',
      tensor(0, { shape: [1e9, 1e9] }),
      /conv1\/kernel of shape \[1000000000, 1000000000\] at byte 0 with 4000000000000000000 bytes/,
    ],
    ['a shape beyond integers', tensor(0, { shape: [1e300] }), /tensors\.0\.shape\.0/],
    ['a shape of no number', tensor(0, { shape: [Number.NaN] }), /tensors\.0\.shape\.0/],
    ['a fraction', tensor(0, { shape: [1.5] }), /tensors\.0\.shape\.0/],
    ['a shape of texts', tensor(0, { shape: ['3', '3', '3', '8'] }), /tensors\.0\.shape\.0/],
    ['a shape of many dimensions', tensor(0, { shape: Array(216).fill(1) }), /tensors\.0\.shape/],
    [
      'a gap',
      tensor(1, { offset: 868 }),
      /tensor conv1_bn\/gamma of shape \[8\] at byte 864 with 32 bytes, received 32 at byte 868/,
    ],
    ['an overlap', tensor(1, { offset: 0 }), /received 32 at byte 0/],
    ['a wrong length', tensor(1, { byteLength: 36 }), /received 36 at byte 864/],
    [
      'a duplicate name',
      tensor(2, { name: 'conv1_bn/gamma' }),
      /conv1_bn\/beta \[8\] as tensor 3, received conv1_bn\/gamma \[8\]/,
    ],
    [
      'two weights of equal shape in the wrong order',
      ({ tensors: [, gamma, beta] }) => {
        gamma!.name = 'conv1_bn/beta';
        beta!.name = 'conv1_bn/gamma';
      },
      /conv1_bn\/gamma \[8\] as tensor 2, received conv1_bn\/beta \[8\]/,
    ],
    [
      'another shape of the same size',
      tensor(0, { shape: [3, 3, 8, 3] }),
      /conv1\/kernel \[3, 3, 3, 8\] as tensor 1, received conv1\/kernel \[3, 3, 8, 3\]/,
    ],
    ['an unknown family', field({ backbone: { family: 'resnet', alpha: 1, inputSize: 32 } }), /backbone\.family/],
    ['an inherited family', field({ backbone: { family: 'toString', alpha: 1, inputSize: 32 } }), /backbone\.family/],
    [
      'another family',
      field({ backbone: { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 } }),
      /head\/kernel \[1280, 3\]/,
    ],
    [
      'an unknown alpha',
      field({ backbone: { family: 'mobilenet', alpha: 1e9, inputSize: 32 } }),
      /Invalid alpha 1000000000 for mobilenet;/,
    ],
    [
      'a huge input',
      field({ backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 1e9 } }),
      /expected 32 to 2048 px/,
    ],
    [
      'another preprocessing',
      field({ preprocessing: 'zero-to-one' }),
      /^Invalid preprocessing "zero-to-one"; expected minus-one-to-one, .* or raw-bgr\.$/,
    ],
    ['an inherited preprocessing', field({ preprocessing: 'toString' }), /Invalid preprocessing "toString"/],
    ['other classes than outputs', field({ classes: ['cats', 'dogs'] }), /outputCount/],
    [
      'more classes than numbers',
      field({ classes: Array.from({ length: 90_000 }, (_, i) => `${i}`), outputCount: 90_000 }),
      /head\/kernel \[256, 90000\]/,
    ],
    ['one class twice', field({ classes: ['cats', 'cats', 'owls'] }), /classes must differ/],
    ['another type', field({ dtype: 'string' }), /dtype/],
    ['another version', field({ version: 2 }), /version/],
    ['no tensors', field({ tensors: [] }), /tensors/],
    ['an unknown key', field({ code: 'process.exit()' }), /code/],
  ];
  it.each(cases)('19: %s', (_, change, message) => {
    const before = tf.memory().numTensors;
    const manifest = fromFile();
    change(manifest);
    expect(() => memberFromBytes(manifest, saved.weights)).toThrow(ModelError);
    expect(() => memberFromBytes(manifest, saved.weights)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['one byte less', () => saved.weights.subarray(1)],
    ['one byte more', () => Buffer.concat([saved.weights, Uint8Array.of(0)])],
    ['nothing', () => new Uint8Array()],
  ])('17: %s', (_, weights) => {
    expect(() => memberFromBytes(fromFile(), weights())).toThrow(/Expected 877260 bytes of weights, .*, received \d+/);
  });

  it('45: NaN', () => {
    const before = tf.memory().numTensors;
    const weights = saved.weights.slice();
    new DataView(weights.buffer).setFloat32(868, Number.POSITIVE_INFINITY, true);
    expect(() => memberFromBytes(fromFile(), weights)).toThrow(
      /finite numbers in tensor conv1_bn\/gamma, received Infinity at index 1/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it('20: a prototype, without polluting that of objects', () => {
    const text = JSON.stringify(saved.manifest).replace('{', '{"__proto__":{"polluted":true},');
    expect(() => memberFromBytes(JSON.parse(text), saved.weights)).toThrow(ModelError);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 64 }), (manifest, weights) => {
        expect(() => memberFromBytes(manifest, weights)).toThrow(ModelError);
      }),
      { numRuns: 200 },
    );
  });

  it('a manifest with any value replaced, unless it means the same', () => {
    const paths = leafPaths(fromFile());
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 1 }), (path, value) => {
        const manifest = fromFile();
        replaceAt(manifest, path, value);
        let again: Classifier;
        try {
          again = memberFromBytes(manifest, saved.weights);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
          return;
        }
        const written = memberToBytes(again);
        again.dispose();
        expectSame(written, { manifest, weights: saved.weights });
      }),
      { numRuns: 200 },
    );
  });
});

function leafPaths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, child]) => leafPaths(child, [...path, key]));
}

function replaceAt(target: object, path: readonly string[], value: unknown): void {
  const holder = path.slice(0, -1).reduce<object>((one, key) => Reflect.get(one, key) as object, target);
  Reflect.set(holder, path.at(-1)!, value);
}

describe('compactMember', () => {
  test.each([
    ['float16', 0.55, 0.01],
    ['int8', 0.32, 0.1],
  ] as const)('%s: fewer bytes, nearly the same logits', (encoding, share, tolerance) => {
    const compact = compactMember(saved, encoding);
    expect(compact.weights.length / saved.weights.length).toBeLessThan(share);
    expect(
      compact.manifest.tensors.filter(({ encoding }) => encoding === undefined).map(({ shape }) => shape.length),
    ).toEqual(expect.arrayContaining([1, 2]));
    const again = memberFromBytes(JSON.parse(JSON.stringify(compact.manifest)), Buffer.from(compact.weights));
    tf.tidy(() => {
      const images = noiseImages(4, 32);
      const [found, expected] = [again.logits(images), classifier.logits(images)];
      const largest = expected.abs().max().dataSync()[0]!;
      const difference = found.sub(expected).abs().max().dataSync()[0]!;
      expect(difference).toBeGreaterThan(0);
      expect(difference / largest).toBeLessThan(tolerance);
    });
    // Written again, it is float32.
    const plain = memberToBytes(again);
    expect(plain.weights).toHaveLength(saved.weights.length);
    // Everything but the kernels, and the head, is as it was.
    for (const { name, shape, offset, byteLength } of plain.manifest.tensors)
      if (shape.length === 1 || name.startsWith('head/'))
        expect(
          Buffer.compare(
            plain.weights.subarray(offset, offset + byteLength),
            saved.weights.subarray(offset, offset + byteLength),
          ),
        ).toBe(0);
    again.dispose();
  });

  it('refuses a member that is compact already', () => {
    expect(() => compactMember(compactMember(saved, 'int8'), 'float16')).toThrow(
      /^Expected float32 .*received int8\.$/,
    );
  });

  it('is refused when its bytes do not fit its encodings', () => {
    const { manifest, weights } = compactMember(saved, 'int8');
    expect(() => memberFromBytes(manifest, weights.subarray(1))).toThrow(/^Expected \d+ bytes of weights/);
    const tensors = manifest.tensors.map(({ encoding: _, ...tensor }) => tensor);
    expect(() => memberFromBytes({ ...manifest, tensors }, weights)).toThrow(
      /^Expected tensor .* at byte 0 with \d+ bytes/,
    );
  });

  it('is refused when a scale is not finite', () => {
    const { manifest, weights } = compactMember(saved, 'int8');
    const damaged = weights.slice();
    damaged.fill(0xff, 0, 4);
    expect(() => memberFromBytes(manifest, damaged)).toThrow(
      'Expected finite numbers in tensor conv1/kernel, received NaN',
    );
  });
});
