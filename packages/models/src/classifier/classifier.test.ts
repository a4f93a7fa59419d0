import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, noiseImages } from '../numbers.fixture.ts';
import { type Classifier, createClassifier } from './classifier.ts';

beforeAll(useNativeBackend);

const small = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
const pets = ['cats', 'dogs'];

describe('createClassifier', () => {
  it.each([
    [pets, 1],
    [['a', 'b', 'c'], 3],
  ])('for the classes %o returns %i logits', (classes, outputCount) => {
    const classifier = createClassifier({ backbone: small, classes, seed: 1 });
    tf.tidy(() => {
      const images = noiseImages(3, 32);
      expect(classifier.logits(images).shape).toEqual([3, outputCount]);
      expect(classifier.features(images).shape).toEqual([3, 256]);
      expect(classifier.outputCount).toBe(outputCount);
    });
    classifier.dispose();
  });

  it('computes the same logits of an image in any batch', () => {
    const classifier = createClassifier({ backbone: small, classes: pets, seed: 1 });
    tf.tidy(() => {
      const images = noiseImages(3, 32);
      const together = classifier.logits(images).dataSync();
      const alone = tf.split(images, 3).map((image) => classifier.logits(image as tf.Tensor4D).dataSync()[0]!);
      expect(new Set(together).size).toBe(3);
      expect(largestDifference(together, alone)).toBeLessThan(1e-6);
    });
    classifier.dispose();
  });

  it('depends only on its seed', () => {
    const logits = (seed: number) => {
      const classifier = createClassifier({ backbone: small, classes: pets, seed });
      const numbers = tf.tidy(() => classifier.logits(noiseImages(2, 32)).dataSync());
      classifier.dispose();
      return numbers;
    };
    expect(logits(1)).toEqual(logits(1));
    expect(logits(2)).not.toEqual(logits(1));
  });

  it('with initializes: head, draws the same head and leaves the other kernels zero', () => {
    const [whole, head] = (['all', 'head'] as const).map((initializes) =>
      createClassifier({ backbone: small, classes: pets, seed: 1, initializes }),
    ) as [Classifier, Classifier];
    const kernels = ({ weights }: Classifier) =>
      weights.filter(({ weightName }) => weightName.endsWith('kernel')).map(({ variable }) => variable.dataSync());
    expect(kernels(head).at(-1)).toEqual(kernels(whole).at(-1));
    for (const kernel of kernels(head).slice(0, -1)) expect(kernel.every((value) => value === 0)).toBe(true);
    whole.dispose();
    head.dispose();
  });

  it('computes the same logits on the tfjs backend', async () => {
    const logits = async (backend: string) => {
      await tf.setBackend(backend);
      const classifier = createClassifier({ backbone: small, classes: pets, seed: 1 });
      const numbers = tf.tidy(() => classifier.logits(noiseImages(2, 32)).dataSync());
      classifier.dispose();
      return numbers;
    };
    const own = await logits('cpu');
    expect(largestDifference(await logits('tensorflow'), own)).toBeLessThan(1e-4);
  });

  it('with raw-bgr, takes raw pixels in BGR order', () => {
    const logits = (preprocessing: 'raw-bgr' | undefined, images: (raw: tf.Tensor4D) => tf.Tensor4D) => {
      const classifier = createClassifier({ backbone: small, classes: pets, preprocessing, seed: 1 });
      const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
      const numbers = tf.tidy(() => {
        const prepared = images(noiseImages(2, 32));
        expect(view.suffix(view.prefix(prepared), { training: false }).dataSync()).toEqual(
          classifier.logits(prepared).dataSync(),
        );
        return classifier.logits(prepared).dataSync();
      });
      classifier.dispose();
      return numbers;
    };
    const raw = logits('raw-bgr', (images) => images);
    // The pixels that the default preprocessing turns into those numbers.
    const undone = logits(undefined, (images) => tf.mul(tf.add(tf.reverse(images, 3), 1), 127.5));
    expect(largestDifference(raw, undone)).toBeLessThan(1e-4 * Math.abs(raw[0]!));
    expect(
      largestDifference(
        raw,
        logits(undefined, (images) => images),
      ),
    ).toBeGreaterThan(0.1 * Math.abs(raw[0]!));
  });

  it('lists its cut points', () => {
    const classifier = createClassifier({
      backbone: { ...small, family: 'mobilenet-v2', alpha: 0.35 },
      classes: pets,
      seed: 1,
    });
    const shapes = new Map(classifier.cutPoints.map(({ layerName, shape }) => [layerName, shape]));
    expect(shapes.get('input')).toEqual([32, 32, 3]);
    expect(shapes.get('block_3_project_BN')).toEqual([4, 4, 16]);
    expect(shapes.get('block_12_add')).toEqual([2, 2, 32]);
    expect(shapes.get('pooled')).toEqual([1280]);
    // Inside a block with a shortcut, later layers need two tensors.
    expect(shapes.has('block_12_expand')).toBe(false);
    expect(shapes.has('head')).toBe(false);
    classifier.dispose();
  });

  it.each([
    [{ classes: ['one'] }, /two or more distinct classes, received \["one"\]/],
    [{ classes: ['a', 'a'] }, /two or more distinct classes/],
    [{ dropout: 1 }, /^Invalid dropout 1; expected a number of at least 0 and below 1\.$/],
    [{ dropout: Number.NaN }, /^Invalid dropout NaN;/],
    [{ backbone: { ...small, alpha: 2 } }, /Invalid alpha 2 for mobilenet;/],
    [
      { preprocessing: 'zero-to-one' as 'raw-bgr' },
      /^Invalid preprocessing "zero-to-one"; expected minus-one-to-one, /,
    ],
  ])('rejects %o and leaks no tensor', (wrong, message) => {
    const before = tf.memory().numTensors;
    const make = () => createClassifier({ backbone: small, classes: pets, seed: 1, ...wrong });
    expect(make).toThrow(ModelError);
    expect(make).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaks no tensor', () => {
    const before = tf.memory().numTensors;
    const classifier = createClassifier({ backbone: small, classes: pets, seed: 1 });
    expect(tf.memory().numTensors).toBe(before + classifier.weights.length);
    const images = noiseImages(2, 32);
    tf.dispose([classifier.logits(images), classifier.features(images), images]);
    expect(tf.memory().numTensors).toBe(before + classifier.weights.length);
    classifier.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
