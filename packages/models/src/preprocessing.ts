/** Preprocessing of raw pixels, defined as data; training, exports and the Python script are derived from it. */
import tf from '@chorus/tfjs';
import { ModelError } from './errors.ts';

/** Channel by channel: output = pixel / divisor − offset. A number stands for all three channels. */
export interface PixelTransform {
  /** Order of the output's channels, and of the numbers below; raw pixels are RGB. */
  channelOrder: 'rgb' | 'bgr';
  divisor: number | ChannelNumbers;
  offset: number | ChannelNumbers;
}

export type ChannelNumbers = readonly [number, number, number];

/** A new preprocessing is an entry here. */
const transforms = {
  /** −1..1: the mode `tf` of keras.applications. */
  'minus-one-to-one': { channelOrder: 'rgb', divisor: 127.5, offset: 1 },
  /** 0..255, blue first: the pixels of cv2.imread without any preprocessing. No published weights expect it. */
  'raw-bgr': { channelOrder: 'bgr', divisor: 1, offset: 0 },
} as const satisfies Record<string, PixelTransform>;

export type PreprocessingName = keyof typeof transforms;
export const preprocessingNames = Object.keys(transforms) as PreprocessingName[];

/** Converts raw pixels to the values that a backbone's weights were trained on. */
export interface Preprocessing extends PixelTransform {
  /** Recorded beside saved weights. */
  name: PreprocessingName;
  /** Images [N,S,S,3], 0..255, of any type → float32 of the same shape; the caller disposes. */
  apply(images: tf.Tensor4D): tf.Tensor4D;
}

export const preprocessings = Object.fromEntries(
  preprocessingNames.map((name): [PreprocessingName, Preprocessing] => {
    const transform = transforms[name];
    return [name, { name, ...transform, apply: (images) => transformPixels(transform, images) }];
  }),
) as Readonly<Record<PreprocessingName, Preprocessing>>;

export const minusOneToOne = preprocessings['minus-one-to-one'];

/** Images [N,S,S,3], 0..255, of any type → float32 of the same shape; the caller disposes. */
export function transformPixels({ channelOrder, divisor, offset }: PixelTransform, images: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    let x: tf.Tensor4D = tf.cast(images, 'float32');
    if (channelOrder === 'bgr') x = tf.reverse(x, 3);
    if (divisor !== 1) x = tf.div(x, operand(divisor));
    if (offset !== 0) x = tf.sub(x, operand(offset));
    return x;
  });
}

/**
 * @param own the preprocessing of the backbone's published weights.
 * @throws ModelError for any other than that or `raw-bgr`.
 */
export function checkPreprocessing(name: string, own: Preprocessing): asserts name is PreprocessingName {
  if (name !== own.name && name !== anyWeights)
    throw new ModelError(
      `Invalid preprocessing ${JSON.stringify(name)}; expected ${own.name}, with which the backbone's weights were trained, or ${anyWeights}.`,
    );
}

// --- internal ---

/** The preprocessing that is allowed with any backbone. */
const anyWeights: PreprocessingName = 'raw-bgr';

function operand(numbers: number | ChannelNumbers): number | tf.Tensor1D {
  return typeof numbers === 'number' ? numbers : tf.tensor1d([...numbers]);
}
