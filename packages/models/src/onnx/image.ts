/** From the bytes of images to what a network takes. */
import type { ChannelNumbers, PixelTransform } from '../preprocessing.ts';
import { interpolationMatrix, interpolationsOf } from '../views/crop-pixels.ts';
import type { View } from '../views/views.ts';
import type { GraphBuilder, ValueName } from './graph-builder.ts';
import type { OnnxType } from './onnx-graph.ts';

/** Adds an input for raw pixels: [N,S,S,3], RGB, 0 … 255. */
export function addImageInput(
  builder: GraphBuilder,
  name: ValueName,
  side: number,
  type: OnnxType = 'uint8',
): ValueName {
  return builder.input({ name, type, shape: ['N', side, side, 3] });
}

/**
 * Computes views of images, one after another: bytes [N,S,S,3] → [views × N,S,S,3], bytes or, if some are crops, floats with the
 * pixels of `fillView`.
 *
 * @param views the first one is the image itself.
 */
export function addViews(
  builder: GraphBuilder,
  image: ValueName,
  views: readonly View[],
  side: number,
  name: string,
): ValueName {
  const [, ...others] = views;
  if (others.length === 0) return image;
  if (others.some(({ crop }) => crop !== null)) return addCrops(builder, image, views, side, name);
  // Start, end, axis and step: from the last column to before the first.
  const slice = [[-1], [-side - 1], [2], [-1]].map((one) => builder.integers(one));
  const mirrored = builder.node('Slice', `${name}/mirrored`, [image, ...slice]);
  return builder.node('Concat', `${name}/with_mirrored`, [image, mirrored], { axis: 0 });
}

/** Raw pixels [N,S,S,3] → preprocessed pixels [N,3,S,S], by the same operations in the same order as in training. */
export function addPreprocessing(
  builder: GraphBuilder,
  image: ValueName,
  { channelOrder, divisor, offset }: PixelTransform,
  name: string,
): ValueName {
  let x = builder.node('Transpose', `${name}/channels_first`, [image], { perm: [0, 3, 1, 2] });
  if (channelOrder === 'bgr') x = builder.node('Gather', `${name}/bgr`, [x, builder.integers([2, 1, 0])], { axis: 1 });
  x = builder.node('Cast', `${name}/floats`, [x], { to: float32 });
  if (divisor !== 1) x = builder.node('Div', `${name}/scaled`, [x, operand(builder, `${name}/divisor`, divisor)]);
  if (offset !== 0) x = builder.node('Sub', `${name}/centered`, [x, operand(builder, `${name}/offset`, offset)]);
  return x;
}

/**
 * As {@link addPreprocessing}, for networks of 8-bit integers. Pixels are shifted by at most half a level, so that one of their 256
 * values is zero; then the integers are the image's bytes. Otherwise, pixels would be halfway between two integers, and rounded by their last bits,
 * which may differ between engines.
 */
export function addPreprocessingToIntegers(
  builder: GraphBuilder,
  image: ValueName,
  { channelOrder, divisor, offset }: PixelTransform,
  name: string,
): ValueName {
  // No preprocessing has them; their zeros would be different bytes.
  if (typeof divisor !== 'number' || typeof offset !== 'number')
    throw new Error(`preprocessing ${name} has no form of integers: its channels differ`);
  const shifted = Math.round(offset * divisor) / divisor;
  const pixels = addPreprocessing(builder, image, { channelOrder, divisor, offset: shifted }, name);
  builder.quantize(pixels, { min: -shifted, max: 255 / divisor - shifted });
  return pixels;
}

// --- internal ---

/** Multiplies the rows and the columns of images with matrices that interpolate. */
function addCrops(
  builder: GraphBuilder,
  image: ValueName,
  views: readonly View[],
  side: number,
  name: string,
): ValueName {
  const floats = builder.node('Cast', `${name}/pixels`, [image], { to: float32 });
  const x = builder.node('Transpose', `${name}/pixels_channels_first`, [floats], { perm: [0, 3, 1, 2] });
  const matrices = new Map<string, ValueName>();
  const matrix = (key: string, values: readonly (readonly number[])[]): ValueName => {
    const known = matrices.get(key);
    if (known !== undefined) return known;
    const made = builder.constant(`${name}/${key}`, [side, side], Float32Array.from(values.flat()));
    matrices.set(key, made);
    return made;
  };
  const viewed = views.map(({ crop, mirror }, index) => {
    if (crop === null && !mirror) return x;
    const { left, top, side: length } = crop ?? { left: 0, top: 0, side: 8 };
    const { columns, rows } = interpolationsOf({ crop, mirror }, side);
    const right = matrix(`columns_${left}_${length}_${mirror}`, interpolationMatrix(columns));
    const wide = builder.node('MatMul', `${name}/view_${index + 1}_columns`, [x, right]);
    if (crop === null) return wide;
    const first = matrix(`rows_${top}_${length}`, transposed(interpolationMatrix(rows)));
    return builder.node('MatMul', `${name}/view_${index + 1}`, [first, wide]);
  });
  const joined = builder.node('Concat', `${name}/views`, viewed, { axis: 0 });
  return builder.node('Transpose', `${name}/views_channels_last`, [joined], { perm: [0, 2, 3, 1] });
}

function transposed(matrix: readonly (readonly number[])[]): number[][] {
  return matrix.map((_, column) => matrix.map((row) => row[column]!));
}

/** TensorProto.DataType.FLOAT */
const float32 = 1;

function operand(builder: GraphBuilder, name: string, numbers: number | ChannelNumbers): ValueName {
  return typeof numbers === 'number'
    ? builder.number(numbers)
    : builder.constant(name, [1, 3, 1, 1], Float32Array.from(numbers));
}
