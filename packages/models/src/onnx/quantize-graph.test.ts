import { openOnnxSession } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import { createClassifier } from '../classifier/classifier.ts';
import { livelyClassifier, smoothImages } from '../export/lively-classifier.fixture.ts';
import { memberFromBytes, memberToBytes } from '../member/member-bytes.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { activationRanges, rangesModel } from './activation-ranges.ts';
import { classifierModel, classifierValues } from './classifier-model.ts';
import { addConvolution, noPads, type Pads } from './convolution.ts';
import { memberGraph } from './ensemble-graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { addImageInput } from './image.ts';
import { modelBytes } from './model-bytes.ts';
import { relativeError, runOnnx, spread } from './onnxruntime.fixture.ts';
import { quantizableValues, type ValueRange } from './quantize-graph.ts';

useNativeBackend();

interface SmallConvolution {
  /** [outputs][inputs × height × width] */
  kernel: readonly (readonly number[])[];
  bias?: readonly number[];
  /** Of a square image with one channel. */
  pixels: readonly number[];
  windowSide: number;
  pads?: Pads;
  /** Of the pixels, which the graph reads as they are. */
  range: ValueRange;
  outputRange: ValueRange;
}

/** Pixels → a convolution computed with integers → [outputs, H, W]. */
async function convolve({ kernel, bias, pixels, windowSide, pads = noPads, ...ranges }: SmallConvolution) {
  const builder = new GraphBuilder();
  const side = Math.sqrt(pixels.length);
  const image = addImageInput(builder, 'image', side);
  const first = builder.node('Slice', 'first', [image, ...[[0], [1], [3]].map((one) => builder.integers(one))]);
  const moved = builder.node('Transpose', 'moved', [first], { perm: [0, 3, 1, 2] });
  const x = builder.node('Cast', 'x', [moved], { to: 1 });
  const y = addConvolution(
    builder,
    { x, name: 'y', window: { size: [windowSide, windowSide], strides: [1, 1] }, pads },
    {
      values: Float32Array.from(kernel.flat()),
      shape: [kernel.length, 1, windowSide, windowSide],
      groups: 1,
      ...(bias && { bias: Float32Array.from(bias) }),
    },
  );
  builder.quantize(x, ranges.range);
  builder.quantize(y, ranges.outputRange);
  builder.node('Identity', 'output', [y]);
  builder.output({ name: 'output', type: 'float32', shape: ['N', kernel.length, 'H', 'W'] });
  const graph = builder.build('small');
  // Otherwise float32 would pass the tests below.
  expect(
    graph.nodes.find(({ operator }) => operator === 'Conv')!.inputs.every((name) => name.endsWith('/numbers')),
  ).toBe(true);
  const session = await openOnnxSession(modelBytes(graph), { threads: 1, spin: false });
  const rgb = Uint8Array.from(pixels.flatMap((pixel) => [pixel, pixel, pixel]));
  const { values } = await session.run({ image: { pixels: rgb, shape: [1, side, side, 3] } });
  const found = [...values];
  await session.dispose();
  return found;
}

const wholePixels = { min: 0, max: 255 };

describe('a convolution of integers', () => {
  it('is exact where every number is one of its integers', async () => {
    // Scales of 1: kernels up to 127, and an output from 0 to 255.
    const found = await convolve({
      ...{ kernel: [[2, -127, 0, 0]], bias: [2600], pixels: [10, 20, 30, 40], windowSide: 2, range: wholePixels },
      outputRange: { min: 0, max: 255 },
    });
    expect(found).toEqual([2 * 10 - 127 * 20 + 2600]);
  });

  it('needs no bias', async () => {
    const found = await convolve({
      ...{ kernel: [[127, 1, 0, 0]], pixels: [1, 20, 0, 0], windowSide: 2, range: wholePixels },
      outputRange: { min: 0, max: 255 },
    });
    expect(found).toEqual([127 + 20]);
  });

  it('rounds to the 256 numbers of its range', async () => {
    const found = await convolve({
      ...{ kernel: [[127]], pixels: [7], windowSide: 1, range: wholePixels, outputRange: { min: 0, max: 2550 } },
    });
    expect(found).toEqual([890]);
  });

  it('does not overflow: the largest pixels and numbers of a kernel', async () => {
    const side = 8;
    const count = side * side;
    const sum = count * 255 * 127;
    // On processors without VNNI, onnxruntime needs an option for this.
    const [found] = await convolve({
      ...{ kernel: [new Array<number>(count).fill(127)], pixels: new Array<number>(count).fill(255), windowSide: side },
      ...{ range: wholePixels, outputRange: { min: 0, max: sum } },
    });
    expect(found).toBeCloseTo(sum, -1);
  });

  it('pads with zero, also where zero is not the smallest integer', async () => {
    const pads = { top: 1, left: 1, bottom: 1, right: 1 };
    const found = await convolve({
      ...{ kernel: [[127, 0, 0, 0, 0, 0, 0, 0, 0]], pixels: [255], windowSide: 3, pads },
      ...{ range: { min: -255, max: 255 }, outputRange: { min: -127 * 255, max: 127 * 255 } },
    });
    expect(found).toEqual([expect.closeTo(0, -2)]);
  });

  it('limits numbers outside a range to its ends', async () => {
    const found = await convolve({
      ...{ kernel: [[1], [-1]], pixels: [250], windowSide: 1, range: wholePixels, outputRange: { min: -10, max: 20 } },
    });
    expect(found).toEqual([expect.closeTo(20, 0), expect.closeTo(-10, 0)]);
  });

  it('keeps the bias of an output whose kernel is zero, or tiny', async () => {
    const found = await convolve({
      ...{ kernel: [[0], [1e-20], [1e-38], [0]], bias: [0.5, 0.5, -0.5, 0], pixels: [9], windowSide: 1 },
      ...{ range: wholePixels, outputRange: { min: -0.5, max: 0.5 } },
    });
    const step = 1 / 255;
    for (const [output, bias] of [0.5, 0.5, -0.5, 0].entries())
      expect(Math.abs(found[output]! - bias)).toBeLessThan(step);
  });

  it('is within the rounding of its parts for any numbers', async () => {
    const number = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround);
    await fc.assert(
      fc.asyncProperty(
        fc.array(number, { minLength: 4, maxLength: 4 }),
        number,
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 }),
        async (kernel, bias, pixels) => {
          const sum = kernel.reduce((total, one, index) => total + one * pixels[index]!, bias);
          const outputRange = { min: Math.min(sum, -1), max: Math.max(sum, 1) };
          const [found] = await convolve({
            ...{ kernel: [kernel], bias: [bias], pixels, windowSide: 2, range: wholePixels, outputRange },
          });
          const largest = Math.max(...kernel.map(Math.abs));
          const ofKernel = (largest / 127 / 2) * pixels.reduce((total, one) => total + one, 0);
          const ofOutput = (outputRange.max - outputRange.min) / 255;
          expect(Math.abs(found! - sum)).toBeLessThanOrEqual(1.01 * (ofKernel + ofOutput) + 1e-3);
        },
      ),
      { numRuns: 50 },
    );
  });
});

const imageCount = 4;

describe.each<BackboneSpec>([
  { family: 'mobilenet-v2', alpha: 0.35, inputSize: 64 },
  { family: 'inception-v3', alpha: 1, inputSize: 75 },
  { family: 'xception', alpha: 1, inputSize: 71 },
  { family: 'efficientnet-lite0', inputSize: 64 },
])('$family', (backbone) => {
  it('has nearly the features of float32, and computes every convolution with integers', async () => {
    const exact = livelyClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 2 });
    const images = smoothImages(imageCount, backbone.inputSize, 3);
    const { model, values } = rangesModel(exact);
    const outputs: Float32Array[] = [];
    for (let index = 0; index < imageCount; index += 1) {
      const image = images.slice([index, 0, 0, 0], [1, -1, -1, -1]);
      outputs.push((await runOnnx(model, { image })).values);
      image.dispose();
    }
    const ranges = activationRanges(values, outputs);
    const { manifest, weights } = memberToBytes(exact);
    const integers = memberFromBytes({ ...manifest, ranges }, weights);
    const feed = { [classifierValues.image]: images };
    const wanted = await runOnnx(classifierModel(exact, 'features'), feed);
    const found = await runOnnx(classifierModel(integers, 'features'), feed);
    expect(spread(wanted.values, imageCount)).toBeGreaterThan(0.02);
    const error = relativeError(found.values, wanted.values);
    // Random networks magnify rounding more than trained ones; the features of two images differ by far more.
    expect(error).toBeLessThan(0.2);
    // Rounding must be seen: equal numbers would be those of float32.
    expect(error).toBeGreaterThan(1e-4);
    const graph = memberGraph({ name: 'one', classifiers: [integers] }, { testTimeAugmentation: false });
    const convolutions = graph.nodes.filter(({ operator }) => operator === 'Conv');
    expect(convolutions.length).toBeGreaterThan(10);
    for (const { name, inputs } of convolutions)
      expect(
        inputs.every((input) => input.endsWith('/numbers')),
        name,
      ).toBe(true);
    tf.dispose(images);
    exact.dispose();
    integers.dispose();
  });
});

it.each([
  { preprocessing: undefined, zero: 128, order: [0, 1, 2], divisor: 127.5 },
  { preprocessing: 'raw-bgr', zero: 0, order: [2, 1, 0], divisor: 1 },
] as const)('stores the pixels of an image exactly; preprocessing $preprocessing', async (row) => {
  const { preprocessing, zero, order, divisor } = row;
  const classifier = createClassifier({
    ...{ backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 }, classes: ['a', 'b'], seed: 1 },
    ...{ preprocessing, ranges: [{ value: 'none', min: 0, max: 1 }] },
  });
  const levels = Array.from({ length: 32 * 32 * 3 }, (_, index) => index % 256);
  const image = tf.tensor4d(levels, [1, 32, 32, 3]);
  const { values } = await runOnnx(classifierModel(classifier, { cut: 'input' }), { image });
  for (const [index, value] of values.entries()) {
    const channel = index % 3;
    expect(value * divisor + zero).toBeCloseTo(levels[index - channel + order[channel]!]!, 3);
  }
  image.dispose();
  classifier.dispose();
});

describe('a small graph', () => {
  const graphOf = (addRest: (builder: GraphBuilder, y: string) => string[]) => {
    const builder = new GraphBuilder();
    const image = builder.input({ name: 'image', type: 'float32', shape: ['N', 1, 4, 4] });
    const kernel = { values: Float32Array.of(1), shape: [1, 1, 1, 1] as const, groups: 1 };
    const parts = { window: { size: [1, 1], strides: [1, 1] }, pads: noPads } as const;
    const x = addConvolution(builder, { ...parts, x: image, name: 'net/x' }, kernel);
    for (const name of addRest(builder, x)) builder.output({ name, type: 'float32', shape: ['N', 1, 4, 4] });
    return builder;
  };

  it('has the rectified output of a convolution as a quantizable value, unless something else reads the convolution', () => {
    const onlyRead = graphOf((builder, x) => [builder.node('Relu', 'net/relu', [x])]);
    expect(quantizableValues(onlyRead.build('one'), 'net/')).toEqual(['net/relu']);
    const alsoRead = graphOf((builder, x) => {
      const relu = builder.node('Relu', 'net/relu', [x]);
      return [builder.node('Add', 'net/sum', [x, relu])];
    });
    expect(quantizableValues(alsoRead.build('one'), 'net/')).toEqual(['net/x', 'net/relu', 'net/sum']);
    const output = graphOf((builder, x) => [x, builder.node('Relu', 'net/relu', [x])]);
    expect(quantizableValues(output.build('one'), 'net/')).toEqual(['net/x', 'net/relu']);
  });

  it('stores the output of MaxPool with the integers of its input', () => {
    const builder = graphOf((builder, x) => [builder.node('MaxPool', 'net/pool', [x], { kernel_shape: [2, 2] })]);
    builder.quantize('net/x', { min: 0, max: 255 });
    builder.quantize('net/pool', { min: 0, max: 510 });
    const { constants } = builder.build('one');
    const scaleOf = (name: string) => constants.find((one) => one.name === `${name}/scale`)!.values;
    expect([...scaleOf('net/x'), ...scaleOf('net/pool')]).toEqual([1, 1]);
  });
});

describe('activationRanges', () => {
  it('contains the ends of all but the most unusual images', () => {
    const outputs = Array.from({ length: 11 }, (_, index) => Float32Array.of(-index, index));
    expect(activationRanges(['one'], outputs)).toEqual([{ value: 'one', min: -9, max: 9 }]);
    expect(activationRanges(['one'], [Float32Array.of(-2, 3)])).toEqual([{ value: 'one', min: -2, max: 3 }]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (number) => {
    expect(() => activationRanges(['one'], [Float32Array.of(0, number)])).toThrow(
      `Expected finite numbers at one, received ${number}.`,
    );
  });
});

it('a manifest with ranges that are not ranges is refused', () => {
  const classifier = createClassifier({
    backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
    classes: ['a', 'b'],
    seed: 1,
  });
  const { manifest, weights } = memberToBytes(classifier);
  classifier.dispose();
  const withRange = (range: object) => () => memberFromBytes({ ...manifest, ranges: [range] }, weights);
  expect(withRange({ value: 'conv1_relu', min: 2, max: 1 })).toThrow('min must be at most max');
  expect(withRange({ value: 'conv1_relu', min: 0, max: Number.NaN })).toThrow('ranges');
  expect(withRange({ value: 'conv1_relu', min: 0 })).toThrow('ranges');
  expect(withRange({ value: 'conv1_relu', min: 0, max: 1e38 })).toThrow('ranges');
  const twice = [1, 2].map((max) => ({ value: 'conv1_relu', min: 0, max }));
  expect(() => memberFromBytes({ ...manifest, ranges: twice }, weights)).toThrow('values must differ');
});
