import { resampleAcrossLines, resampleAlongLines, type Taps, weightOne } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * Resizes as `image.resize((size, size), Image.BILINEAR)` of Pillow 13 does, bit for bit, and so as Keras' `load_img(…,
 * interpolation='bilinear')`: a triangle filter whose support scales with the reduction, one direction after the other.
 *
 * Both passes round to 8 bits, so their order affects the result. Pillow before 13 always starts with the columns; its values
 * differ by 1 where this function starts with the rows.
 *
 * @param image its `box`, if any, is Pillow's argument `box`.
 * @param size side of the result, pixels.
 * @returns [size, size, 3]
 */
export function resizeLikePillow({ data, width, height, box }: RgbImage, size: number): Uint8Array {
  const columns: Span = { length: width, from: box?.left ?? 0, covered: box?.width ?? width };
  const rows: Span = { length: height, from: box?.top ?? 0, covered: box?.height ?? height };
  // Pillow's condition: the height shrinks by more than twice the factor of the width.
  const rowsFirst = height > size && height - size > 2 * (width - size);
  // The caller owns the result, so it must not be in memory that the next image overwrites.
  const between = isWhole(rowsFirst ? columns : rows, size) ? undefined : keptBytes;
  if (rowsFirst) return alongLines(acrossLines(data, rows, width, size, between), size, columns, size);
  return acrossLines(alongLines(data, height, columns, size, between), rows, size, size);
}

// --- internal ---

/** A side of an image, and the part of it that is resized, pixels. */
interface Span {
  length: number;
  from: number;
  covered: number;
}

/** Returns memory for a pass' result. */
type Allocate = (byteCount: number) => Uint8Array;

/** Larger memory is not kept: 1000 lines of 500 pixels. */
const mostKeptBytes = 1.5e6;
let kept = new Uint8Array();

/** Returns memory that the next call returns, too. New memory for each image would cost more time in garbage collection. */
function keptBytes(byteCount: number): Uint8Array {
  if (byteCount > mostKeptBytes) return new Uint8Array(byteCount);
  if (byteCount > kept.length) kept = new Uint8Array(byteCount);
  return kept.subarray(0, byteCount);
}

/** [height, width, 3] → [height, size, 3]; returns the input if it already has that size. */
function alongLines(data: Uint8Array, height: number, columns: Span, size: number, allocate?: Allocate): Uint8Array {
  if (isWhole(columns, size)) return data;
  return resampleAlongLines(data, height, triangles(columns, size), allocate?.(height * size * 3));
}

/** [height, width, 3] → [size, width, 3]; returns the input if it already has that size. */
function acrossLines(data: Uint8Array, rows: Span, width: number, size: number, allocate?: Allocate): Uint8Array {
  if (isWhole(rows, size)) return data;
  return resampleAcrossLines(data, width * 3, triangles(rows, size), allocate?.(size * width * 3));
}

function isWhole({ length, covered }: Span, size: number): boolean {
  return length === size && covered === size;
}

/** Computes in Pillow's order, so that the weights are bit-equal. */
function triangles({ length, from: start, covered }: Span, size: number): Taps {
  const scale = covered / size;
  const reach = Math.max(scale, 1);
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Int32Array(size * stride);
  const heights = new Float64Array(stride);
  for (let position = 0; position < size; position += 1) {
    const center = start + (position + 0.5) * scale;
    const from = Math.max(Math.trunc(center - reach + 0.5), 0);
    const to = Math.min(Math.trunc(center + reach + 0.5), length);
    let total = 0;
    for (let index = 0; index < to - from; index += 1) {
      heights[index] = Math.max(1 - Math.abs((index + from - center + 0.5) * (1 / reach)), 0);
      total += heights[index]!;
    }
    for (let index = 0; index < to - from; index += 1)
      weights[position * stride + index] = Math.trunc(0.5 + (heights[index]! / total) * weightOne);
    first[position] = from;
    count[position] = to - from;
  }
  return { size, first, count, weights, stride };
}
