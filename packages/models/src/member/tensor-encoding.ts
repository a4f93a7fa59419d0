/** Stores a tensor's numbers in fewer bytes than float32 takes. Everything is little-endian. */
import { Float16Array } from '@petamoriken/float16';
import { ModelError } from '../errors.ts';

/**
 * `float32`: as they are. `float16`: rounded to half precision. `int8`: a float32 scale per channel, then the numbers divided by
 * their channel's scale and rounded to −127 to 127. Channels are the last axis that is longer than 1: the output channels of a
 * kernel, and the channels of a depthwise one.
 */
export const tensorEncodings = ['float32', 'float16', 'int8'] as const;
export type TensorEncoding = (typeof tensorEncodings)[number];

/** Number of bytes of a tensor. */
export function encodedByteLength(shape: readonly number[], encoding: TensorEncoding): number {
  const { channelCount, valueCount } = layoutOf(shape);
  if (encoding === 'int8') return channelCount * Float32Array.BYTES_PER_ELEMENT + valueCount;
  return valueCount * (encoding === 'float16' ? 2 : Float32Array.BYTES_PER_ELEMENT);
}

/**
 * Encodes a tensor.
 *
 * @throws ModelError when a number is not finite, or exceeds the range of float16.
 */
export function encodeTensor(values: Float32Array, shape: readonly number[], encoding: TensorEncoding): Uint8Array {
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new ModelError(`Expected finite numbers, received ${wrong}.`);
  const bytes = new Uint8Array(encodedByteLength(shape, encoding));
  const view = new DataView(bytes.buffer);
  if (encoding === 'float32') {
    for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true);
  } else if (encoding === 'float16') {
    const large = values.find((value) => Math.abs(value) > largestFloat16);
    if (large !== undefined)
      throw new ModelError(`Expected numbers of at most ${largestFloat16} for float16, received ${large}.`);
    const bits = new Uint16Array(new Float16Array(values).buffer);
    for (let index = 0; index < bits.length; index += 1) view.setUint16(2 * index, bits[index]!, true);
  } else {
    const { channelCount, channelOf } = layoutOf(shape);
    const scales = new Float32Array(channelCount);
    for (const [index, value] of values.entries()) {
      const channel = channelOf(index);
      scales[channel] = Math.max(scales[channel]!, Math.abs(value));
    }
    for (const [channel, largest] of scales.entries()) {
      scales[channel] = largest / 127;
      view.setFloat32(4 * channel, scales[channel], true);
    }
    for (const [index, value] of values.entries()) {
      const scale = scales[channelOf(index)]!;
      // A scale that is rounded to a denormal number can be too small by more than rounding allows.
      const steps = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / scale)));
      view.setInt8(4 * channelCount + index, steps);
    }
  }
  return bytes;
}

/**
 * Decodes a tensor.
 *
 * @param bytes of the length that {@link encodedByteLength} returns; any alignment.
 * @returns a copy. Damaged bytes may give numbers that are not finite.
 */
export function decodeTensor(bytes: Uint8Array, shape: readonly number[], encoding: TensorEncoding): Float32Array {
  // A copy is aligned to four bytes. Not slice(): on a node Buffer it shares memory.
  if (encoding === 'float32') return new Float32Array(new Uint8Array(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { channelCount, channelOf, valueCount } = layoutOf(shape);
  const values = new Float32Array(valueCount);
  if (encoding === 'float16') {
    float16Values ??= new Float32Array(
      new Float16Array(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).buffer),
    );
    for (let index = 0; index < valueCount; index += 1) values[index] = float16Values[view.getUint16(2 * index, true)]!;
  } else
    for (let index = 0; index < valueCount; index += 1)
      values[index] = view.getFloat32(4 * channelOf(index), true) * view.getInt8(4 * channelCount + index);
  return values;
}

// --- internal ---

const largestFloat16 = 65504;

/** The number of each pattern of bits: a call of the library for each number takes microseconds. Built when it is needed. */
let float16Values: Float32Array | undefined;

function layoutOf(shape: readonly number[]) {
  const valueCount = shape.reduce((product, length) => product * length, 1);
  const channelCount = shape.findLast((length) => length > 1) ?? 1;
  // All axes after that of the channels have length 1.
  return { valueCount, channelCount, channelOf: (index: number) => index % channelCount };
}
