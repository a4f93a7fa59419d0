import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClassifier } from '../classifier/classifier.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { noiseImages } from '../numbers.fixture.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy } from './cross-entropy.ts';

beforeAll(useNativeBackend);

describe('backpropagate', () => {
  it.each(['batch', 'moving'] as const)('computes the gradients of tf.variableGrads, bit for bit (%s)', (batchNorm) => {
    const backbone = { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 } as const;
    const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 1 });
    const view = classifier.fineTuneView('all', { batchNorm });
    tf.tidy(() => {
      const images = view.prefix(noiseImages(4, 32));
      const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
      const loss = () => crossEntropy(view.suffix(images, { training: true }), labels);
      const theirs = tf.variableGrads(loss, [...view.variables]);
      const own = backpropagate(loss, view.variables);
      expect(own.value.dataSync()).toEqual(theirs.value.dataSync());
      expect(Object.keys(own.gradients)).toEqual(Object.keys(theirs.grads));
      for (const [name, gradient] of Object.entries(own.gradients))
        expect(gradient.dataSync(), name).toEqual(theirs.grads[name]!.dataSync());
    });
    classifier.dispose();
  });

  it('adds up the gradients of every use of a tensor', () => {
    const x = tf.variable(tf.scalar(3));
    tf.tidy(() => {
      // x·x + x·2x + x, with a gradient that is passed on unchanged.
      const f = () => tf.addN([tf.mul(x, x), tf.mul(tf.clone(x), tf.mul(x, 2)), tf.clone(tf.clone(x))]) as tf.Scalar;
      const { value, gradients } = backpropagate(f, [x]);
      expect(value.dataSync()[0]).toBe(9 + 18 + 3);
      expect(gradients[x.name]!.dataSync()[0]).toBe(6 + 12 + 1);
    });
    x.dispose();
  });

  it('omits variables that the value does not depend on', () => {
    const [x, unused] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
    tf.tidy(() => {
      const { gradients } = backpropagate(() => tf.mul(x, 2), [x, unused]);
      expect(Object.keys(gradients)).toEqual([x.name]);
    });
    tf.dispose([x, unused]);
  });

  it('disposes activations and gradients as it goes', () => {
    const x = tf.variable(tf.ones([10]));
    const alive: number[] = [];
    const probe = tf.customGrad((input, save) => {
      (save as tf.GradSaveFunc)([input as tf.Tensor]);
      const gradFunc = (dy: tf.Tensor) => {
        alive.push(tf.memory().numTensors);
        return tf.mul(dy, 2);
      };
      return { value: tf.mul(input as tf.Tensor, 2), gradFunc };
    });
    const f = () => tf.sum([1, 2, 3, 4, 5].reduce<tf.Tensor>((y) => probe(y), x)) as tf.Scalar;
    tf.tidy(() => void backpropagate(f, [x]));
    expect(alive).toHaveLength(5);
    // Each layer's saved input is disposed before the next layer.
    for (const [index, count] of alive.entries()) expect(count).toBe(alive[0]! - index);
    x.dispose();
  });

  it.each(['forward', 'backward'])('leaks no tensor if the %s pass fails', (where) => {
    const x = tf.variable(tf.scalar(2));
    const before = tf.memory().numTensors;
    const failing = tf.customGrad((input) => {
      if (where === 'forward') throw new Error('out of memory');
      const gradFunc = (): tf.Tensor => {
        throw new Error('out of memory');
      };
      return { value: tf.mul(input as tf.Tensor, 2), gradFunc };
    });
    expect(() => backpropagate(() => tf.square(failing(tf.square(x))) as tf.Scalar, [x])).toThrow('out of memory');
    expect(tf.memory().numTensors).toBe(before);
    // The engine is in its initial state: it records nothing, and gradients can be computed.
    expect(
      tf.tidy(
        () =>
          tf
            .grad((y) => tf.square(y))(tf.scalar(2))
            .dataSync()[0],
      ),
    ).toBe(4);
    x.dispose();
  });
});
