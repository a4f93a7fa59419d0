import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { seededTensor } from '../numbers.fixture.ts';
import { batchNormScale, depthwiseKernel, foldScale, fullKernel, samePads } from './convolution.ts';

useNativeBackend();

const side = fc.integer({ min: 1, max: 40 });
const windowSide = fc.integer({ min: 1, max: 7 });
const stride = fc.integer({ min: 1, max: 4 });

describe('samePads', () => {
  it("pads as TensorFlow: an explicit padding gives the sums of padding 'same'", () => {
    fc.assert(
      fc.property(fc.tuple(side, side), fc.tuple(windowSide, windowSide), stride, (shape, size, step) => {
        const { top, left, bottom, right } = samePads(shape, { size, strides: [step, step] });
        tf.tidy(() => {
          // Distinct powers: a shift by one pixel changes the sums.
          const x = seededTensor<tf.Rank.R4>([1, ...shape, 1], 1, 2, 1);
          const kernel = seededTensor<tf.Rank.R4>([...size, 1, 1], 1, 2, 2);
          const same = tf.conv2d(x, kernel, step, 'same');
          const padded = tf.pad(x, [
            [0, 0],
            [top, bottom],
            [left, right],
            [0, 0],
          ]);
          const explicit = tf.conv2d(padded, kernel, step, 'valid');
          expect(explicit.shape).toEqual(same.shape);
          expect(tf.max(tf.abs(tf.sub(explicit, same))).dataSync()[0]).toBeLessThan(1e-3);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('adds an odd pixel at the end, and none where the window fits', () => {
    fc.assert(
      fc.property(side, windowSide, stride, (length, size, step) => {
        const { top, left, bottom, right } = samePads([length, length], { size: [size, 1], strides: [step, 1] });
        expect(bottom - top === 0 || bottom - top === 1).toBe(true);
        expect([left, right]).toEqual([0, 0]);
        expect(top + bottom).toBeLessThan(size);
      }),
    );
  });
});

const number = fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround);
/** Down to the smallest float32, where only epsilon keeps the scale finite. */
const variance = fc.oneof(
  fc.constantFrom(0, 2 ** -149, 2 ** -126, 1e-30, 1e-12),
  fc.double({ min: 0, max: 1e4, noNaN: true }).map(Math.fround),
);
const channel = fc.record({ gamma: number, beta: number, mean: number, variance, x: number });

describe('batchNormScale', () => {
  it.each([1e-3, 1e-5])("is BatchNorm's formula for any variance; epsilon %d", (epsilon) => {
    fc.assert(
      fc.property(fc.array(channel, { minLength: 1, maxLength: 5 }), fc.boolean(), (channels, hasGamma) => {
        const vector = (key: keyof (typeof channels)[number]) => Float32Array.from(channels, (one) => one[key]);
        const { scale, shift } = batchNormScale({
          gamma: hasGamma ? vector('gamma') : undefined,
          ...{ beta: vector('beta'), mean: vector('mean'), variance: vector('variance'), epsilon },
        });
        for (const [index, one] of channels.entries()) {
          const normalized = (one.x - one.mean) / Math.sqrt(one.variance + epsilon);
          const expected = (hasGamma ? one.gamma : 1) * normalized + one.beta;
          const found = one.x * scale[index]! + shift[index]!;
          const terms = Math.abs(one.x * scale[index]!) + Math.abs(one.mean * scale[index]!) + Math.abs(one.beta);
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-14 * terms);
        }
      }),
    );
  });
});

describe('foldScale', () => {
  it('a folded convolution is the convolution, then the scale', () => {
    const dimensions = fc.record({ height: windowSide, width: windowSide, inputs: windowSide, outputs: windowSide });
    const folding = fc.record({
      ...{ dimensions, depthwise: fc.boolean(), hasBias: fc.boolean() },
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(folding, ({ dimensions: { height, width, inputs, outputs }, depthwise, hasBias, seed }) => {
        const draw = (length: number, salt: number) =>
          tf.tidy(() => seededTensor<tf.Rank.R1>([length], -2, 2, seed + salt).dataSync<'float32'>());
        const values = draw(height * width * inputs * (depthwise ? 1 : outputs), 1);
        const plain = depthwise
          ? depthwiseKernel(values, [height, width, inputs, 1])
          : fullKernel(values, [height, width, inputs, outputs]);
        const outputCount = plain.shape[0];
        const bias = hasBias ? draw(outputCount, 2) : undefined;
        const [scale, shift] = [Float64Array.from(draw(outputCount, 3)), Float64Array.from(draw(outputCount, 4))];
        const folded = foldScale(bias === undefined ? plain : { ...plain, bias }, { scale, shift });
        // One position of the window: its pixels by channel, as the kernels.
        const perOutput = plain.values.length / outputCount;
        const pixels = draw(perOutput, 5);
        for (let output = 0; output < outputCount; output += 1) {
          const sum = (kernel: Float32Array) =>
            pixels.reduce((total, pixel, index) => total + pixel * kernel[output * perOutput + index]!, 0);
          const expected = (sum(plain.values) + (bias?.[output] ?? 0)) * scale[output]! + shift[output]!;
          expect(sum(folded.values) + folded.bias![output]!).toBeCloseTo(expected, 4);
        }
      }),
    );
  });
});

describe('kernels', () => {
  it("moves TensorFlow's [height, width, inputs, outputs] to [outputs, inputs, height, width]", () => {
    tf.tidy(() => {
      const kernel = tf.range(0, 2 * 3 * 4 * 5).reshape<tf.Tensor4D>([2, 3, 4, 5]);
      const { values, shape, groups } = fullKernel(kernel.dataSync<'float32'>(), kernel.shape);
      expect(shape).toEqual([5, 4, 2, 3]);
      expect(groups).toBe(1);
      expect(values).toEqual(tf.transpose(kernel, [3, 2, 0, 1]).dataSync());
    });
  });

  it('has a group per channel for a depthwise convolution', () => {
    tf.tidy(() => {
      const kernel = tf.range(0, 2 * 3 * 4).reshape<tf.Tensor4D>([2, 3, 4, 1]);
      const { values, shape, groups } = depthwiseKernel(kernel.dataSync<'float32'>(), kernel.shape);
      expect(shape).toEqual([4, 1, 2, 3]);
      expect(groups).toBe(4);
      expect(values).toEqual(tf.transpose(kernel, [2, 3, 0, 1]).dataSync());
    });
  });
});
