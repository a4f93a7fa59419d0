/** Compares augmentations with torchvision: `tools/golden/augmentation.json`, written by `tools/golden/augmentation.py`. */
import { hasBfloat16, initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/augmentation.json' with { type: 'json' };
import { prepareFunction } from '../prepared-function.ts';
import { augmentPixels } from './augment-pixels.ts';
import { blurWeights } from './blur.ts';
import { colorMatrix } from './colors.ts';
import { columns, parameterCount } from './columns.ts';
import { labelTensor } from './labels.ts';
import { type OperationName, operation } from './policy.ts';
import { areaOf, type Rectangle } from './rectangle.ts';
import { type AugmentationSettings, unchanged } from './settings.ts';
import { transformOf, type View } from './view.ts';

const { size } = golden;
/** The pixels are in float32 on both sides; a byte is 1. */
const tolerance = 2e-3;

const moves = { ...unchanged, rotation: 1 };
const recolors = { ...unchanged, hue: 1 };
const noTurn = { rotation: 0, shear: 0 };
const wholeImage = { left: 0, top: 0, width: 1, height: 1 };
const noChange = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

/** Parameters of one image, of which some are given. */
function row(given: Partial<Record<keyof typeof columns, readonly number[]>>): number[] {
  const all = new Array<number>(parameterCount).fill(0);
  for (const [name, values] of Object.entries(given))
    all.splice(columns[name as keyof typeof columns].start, values.length, ...values);
  return all;
}

/** Augments copies of the golden file's image, each with its own row of parameters, in one batch. */
function augmented(rows: readonly number[][], settings: AugmentationSettings, compile = false): number[][] {
  const image = tf.tensor4d(golden.image, [1, size, size, 3]);
  return augmentedImages(tf.tile(image, [rows.length, 1, 1, 1]), rows, settings, compile);
}

function augmentedImages(
  images: tf.Tensor4D,
  rows: readonly number[][],
  settings: AugmentationSettings,
  compile: boolean,
): number[][] {
  const run = prepareFunction({ compile }, { name: 'augment' }, (x: tf.Tensor, parameters: tf.Tensor) =>
    augmentPixels(x as tf.Tensor4D, parameters as tf.Tensor2D, settings),
  );
  try {
    return run(images, tf.tensor2d(rows as number[][]))
      .arraySync()
      .map((one: unknown) => (one as number[]).flat(2));
  } finally {
    run.dispose();
  }
}

/** Expects equal pixels, except where the golden file has none; it must have most of them. */
function expectClose(actual: readonly number[], expected: readonly (number | null)[], fewest: number): void {
  const known = expected.map((value, index) => [value, actual[index]!] as const).filter(([value]) => value !== null);
  expect(known.length).toBeGreaterThanOrEqual(fewest * expected.length);
  for (const [value, own] of known) expect(Math.abs(own - value!)).toBeLessThanOrEqual(tolerance);
}

const cropOf = (one: { left: number; top: number; width: number; height: number }): View['crop'] => ({
  left: one.left / size,
  top: one.top / size,
  width: one.width / size,
  height: one.height / size,
});
const turnOf = ({ angle, shear }: { angle: number; shear: number }) => ({ rotation: angle, shear });

describe.each([false, true])('augmentPixels (compiled: %s)', (compile) => {
  const moved = (views: readonly View[]) =>
    augmented(
      views.map((view) => row({ transform: transformOf(view, size) })),
      moves,
      compile,
    );

  it('crops as torchvision’s resized_crop', () => {
    const images = moved(golden.crops.map((crop) => ({ crop: cropOf(crop), ...noTurn })));
    for (const [index, { pixels }] of golden.crops.entries()) expectClose(images[index]!, pixels, 0.5);
  });

  it('rotates and shears as torchvision’s affine', () => {
    const images = moved(golden.turns.map((turn) => ({ crop: wholeImage, ...turnOf(turn) })));
    for (const [index, { pixels }] of golden.turns.entries()) expectClose(images[index]!, pixels, 0.6);
  });

  it('rotates crops and reflects at the edges as PyTorch’s grid_sample', () => {
    const images = moved(golden.views.map((view) => ({ crop: cropOf(view), ...turnOf(view) })));
    for (const [index, { pixels }] of golden.views.entries()) expectClose(images[index]!, pixels, 1);
  });

  it('changes colors as torchvision’s adjust_… and CSS’ hue-rotate', () => {
    const rows = golden.colors.map((change) => row({ colors: colorMatrix({ ...noChange, ...change }) }));
    const images = augmented(rows, recolors, compile);
    for (const [index, { pixels }] of golden.colors.entries()) expectClose(images[index]!, pixels, 1);
  });

  it.each(golden.operations)('applies $name as torchvision’s policies: $magnitude', ({ name, magnitude, pixels }) => {
    const one = operation(name as OperationName, magnitude, size);
    const { sharpness, levelStep, solarizeFrom, stretches } = one;
    const own = row({
      transform: one.transform,
      colors: colorMatrix({ ...noChange, ...one }),
      operations: [sharpness, levelStep, solarizeFrom, stretches],
    });
    const [image] = augmented([own], { ...unchanged, policy: { kind: 'trivial' } }, compile);
    expectClose(image!, pixels, 0.3);
  });

  it('blurs as torchvision’s gaussian_blur', () => {
    const rows = golden.blurred.map(({ sigma }) => row({ blur: blurWeights(sigma) }));
    const images = augmented(rows, { ...unchanged, blur: 1 }, compile);
    for (const [index, { pixels }] of golden.blurred.entries()) expectClose(images[index]!, pixels, 1);
  });

  it('erases as torchvision’s erase', () => {
    const rows = golden.erased.map(({ top, left, height, width }) =>
      row({ erased: [top, left, top + height, left + width] }),
    );
    const images = augmented(rows, { ...unchanged, erase: 1 }, compile);
    for (const [index, { pixels }] of golden.erased.entries()) expectClose(images[index]!, pixels, 1);
  });

  /** Mixes the golden file's image and its mirror image with each other, and their labels. */
  function mixed(own: Parameters<typeof row>[0], settings: AugmentationSettings) {
    const image = tf.tensor4d(golden.image, [1, size, size, 3]);
    const rows = [row(own), row(own)];
    const parameters = Float32Array.from(rows.flat());
    const options = { augmentation: { kind: 'random', ...settings } as const, outputCount: golden.classCount };
    return {
      images: augmentedImages(tf.concat([image, tf.reverse(image, 2)]), rows, settings, compile),
      labels: [...labelTensor(Int32Array.from(golden.labels), { parameters }, options).dataSync()],
    };
  }

  it.each(golden.blends)('blends images and labels as torchvision’s MixUp: $share', ({ share, images, labels }) => {
    const found = mixed({ blend: [share], ownShare: [share] }, { ...unchanged, mixup: 1 });
    for (const [index, pixels] of images.entries()) expectClose(found.images[index]!, pixels, 1);
    expectClose(found.labels, labels, 1);
  });

  it.each(golden.cuts)('cuts images and labels as torchvision’s CutMix: $top, $left', ({ images, labels, ...cut }) => {
    const rectangle: Rectangle = [cut.top, cut.left, cut.bottom, cut.right];
    const ownShare = 1 - areaOf(rectangle) / size ** 2;
    const found = mixed({ blend: [1], cut: rectangle, ownShare: [ownShare] }, { ...unchanged, cutmix: 1 });
    for (const [index, pixels] of images.entries()) expectClose(found.images[index]!, pixels, 1);
    expectClose(found.labels, labels, 1);
  });

  it('leaves an image that is alone in its batch as it is', () => {
    const alone = row({ blend: [0.3], ownShare: [0.3], cut: [0, 0, 5, 5] });
    const [image] = augmented([alone], { ...unchanged, mixup: 1, cutmix: 1 }, compile);
    expectClose(image!, golden.image, 1);
  });

  it('changes nothing with the parameters of no change', () => {
    const nothing = row({
      transform: transformOf({ crop: wholeImage, ...noTurn }, size),
      colors: colorMatrix(noChange),
      blend: [1],
      ownShare: [1],
      blur: blurWeights(0),
    });
    const all = { ...unchanged, rotation: 1, hue: 1, blur: 1, erase: 1, mixup: 1, cutmix: 1 };
    for (const image of augmented([nothing, nothing], all, compile)) expectClose(image, golden.image, 1);
  });
});

it.skipIf(!hasBfloat16())(
  'in bfloat16, differs by less than three of 255 levels, which are steps of one above 128',
  () => {
    const image = tf.tensor4d(golden.image, [1, size, size, 3]);
    const settings: AugmentationSettings = {
      ...unchanged,
      rotation: 1,
      hue: 1,
      erase: 1,
      blur: 1,
      policy: { kind: 'trivial' },
    };
    const parameters = tf.tensor2d([
      row({
        transform: transformOf(
          { crop: { left: 0.1, top: 0.2, width: 0.7, height: 0.6 }, rotation: 20, shear: 5 },
          size,
        ),
        colors: colorMatrix({ brightness: 1.1, contrast: 0.8, saturation: 1.2, hue: 20 }),
        erased: [2, 3, 5, 9],
        blur: blurWeights(0.5),
        operations: [1.3, 1, 256, 0],
      }),
    ]);
    // A product in bfloat16 follows, as the network's first convolution does.
    const kernel = tf.eye(3) as tf.Tensor2D;
    const seenIn = (precision: 'float32' | 'bfloat16') => {
      const run = prepareFunction({ compile: true }, { name: 'augment', precision }, (x: tf.Tensor, y: tf.Tensor) =>
        tf.matMul(tf.reshape(augmentPixels(x as tf.Tensor4D, y as tf.Tensor2D, settings), [-1, 3]), kernel),
      );
      const values = [...run(image, parameters).dataSync()];
      run.dispose();
      return values;
    };
    const [full, half] = [seenIn('float32'), seenIn('bfloat16')];
    expect(half).not.toEqual(full);
    expect(Math.max(...full.map((value, index) => Math.abs(value - half[index]!)))).toBeLessThan(3);
  },
);

it('has no operation for what the settings leave unchanged', () => {
  const image = tf.ones([1, 4, 4, 3]) as tf.Tensor4D;
  const parameters = tf.fill([1, parameterCount], Number.NaN) as tf.Tensor2D;
  const same = augmentPixels(image, parameters, { ...unchanged, flip: true });
  expect([...same.dataSync()]).toEqual(new Array(48).fill(1));
});
