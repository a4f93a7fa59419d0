/** From the bytes of images to what a network takes. */
import type { ChannelNumbers, PixelTransform } from '../preprocessing.ts';
import type { GraphBuilder, ValueName } from './graph-builder.ts';

/** Adds an input for raw pixels: uint8 [N,S,S,3], RGB. */
export function addImageInput(builder: GraphBuilder, name: ValueName, side: number): ValueName {
  return builder.input({ name, type: 'uint8', shape: ['N', side, side, 3] });
}

/** Appends the images' mirror images: [N,S,S,3] → [2N,S,S,3]. */
export function addMirrorImages(builder: GraphBuilder, image: ValueName, side: number, name: string): ValueName {
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

// --- internal ---

/** TensorProto.DataType.FLOAT */
const float32 = 1;

function operand(builder: GraphBuilder, name: string, numbers: number | ChannelNumbers): ValueName {
  return typeof numbers === 'number'
    ? builder.number(numbers)
    : builder.constant(name, [1, 3, 1, 1], Float32Array.from(numbers));
}
