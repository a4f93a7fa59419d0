import type { RgbImage } from './decode-pixels.ts';

/**
 * What `image.resize((size, size), Image.BILINEAR)` gives in Pillow 13, bit for bit, and so Keras' `load_img(…,
 * interpolation='bilinear')`: a triangle filter that widens with the reduction, in one direction after the other.
 *
 * Both passes round to 8 bit, so their order shows: before 13, Pillow always began with the columns, and gives values
 * that are 1 off where this begins with the rows.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3]
 */
export function resizeLikePillow({ data, width, height }: RgbImage, size: number): Uint8Array {
  // As Pillow has it: where the height loses more than twice as many pixels as the width.
  const rowsFirst = height > size && height - size > 2 * (width - size);
  if (rowsFirst) return resampleColumns(resampleRows(data, height, size, width * 3), size, width, size);
  return resampleRows(resampleColumns(data, height, width, size), height, size, size * 3);
}

// --- internal ---

/** Pillow's src/libImaging/Resample.c calls it PRECISION_BITS. */
const weightBits = 22;
/** What sums begin with, so that the shift at their end rounds. */
const half = 1 << (weightBits - 1);

// Sums are written to clamped arrays, as rounded weights of thousands of pixels may add up to more than one.

/** [height, length, 3] → [height, size, 3]; nothing where it has that size. */
function resampleColumns(data: Uint8Array, height: number, length: number, size: number): Uint8Array {
  if (length === size) return data;
  const { first, count, weights, stride } = triangles(length, size);
  const result = new Uint8ClampedArray(height * size * 3);
  let to = 0;
  for (let row = 0; row < height; row += 1)
    for (let position = 0; position < size; position += 1) {
      let from = (row * length + first[position]!) * 3;
      let index = position * stride;
      const end = index + count[position]!;
      let red = half;
      let green = half;
      let blue = half;
      for (; index < end; index += 1) {
        const weight = weights[index]!;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
        from += 3;
      }
      result[to] = red >> weightBits;
      result[to + 1] = green >> weightBits;
      result[to + 2] = blue >> weightBits;
      to += 3;
    }
  return new Uint8Array(result.buffer);
}

/** [length, width] → [size, width], line by line as they lie in memory; nothing where it has that size. */
function resampleRows(data: Uint8Array, length: number, size: number, width: number): Uint8Array {
  if (length === size) return data;
  const { first, count, weights, stride } = triangles(length, size);
  const result = new Uint8ClampedArray(size * width);
  const sums = new Int32Array(width);
  for (let position = 0; position < size; position += 1) {
    sums.fill(half);
    let index = position * stride;
    let from = first[position]! * width;
    const end = from + count[position]! * width;
    // Two lines at a time: the sums are read and written half as often.
    for (; from < end; from += 2 * width) {
      const weight = weights[index]!;
      // An odd one out is followed by a weight of 0, and perhaps by no line.
      const nextWeight = weights[index + 1]!;
      const next = from + width < end ? from + width : from;
      for (let offset = 0; offset < width; offset += 1)
        sums[offset] =
          (sums[offset]! + Math.imul(data[from + offset]!, weight) + Math.imul(data[next + offset]!, nextWeight)) | 0;
      index += 2;
    }
    const to = position * width;
    for (let offset = 0; offset < width; offset += 1) result[to + offset] = sums[offset]! >> weightBits;
  }
  return new Uint8Array(result.buffer);
}

interface Triangles {
  /** Of the pixels that go into each result. */
  first: Int32Array;
  count: Int32Array;
  /** [size, stride], zeros behind the `count` of each; those of one result add up to 2 ** weightBits, about. */
  weights: Int32Array;
  /** Even, and at least `count`. */
  stride: number;
}

/** Every step in the order of Pillow's, so that the weights are the same to the last bit. */
function triangles(length: number, size: number): Triangles {
  const scale = length / size;
  const reach = Math.max(scale, 1);
  const stride = Math.ceil(reach) * 2 + 2;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Int32Array(size * stride);
  const heights = new Float64Array(stride);
  for (let position = 0; position < size; position += 1) {
    const centre = (position + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const to = Math.min(Math.trunc(centre + reach + 0.5), length);
    let total = 0;
    for (let index = 0; index < to - from; index += 1) {
      heights[index] = Math.max(1 - Math.abs((index + from - centre + 0.5) * (1 / reach)), 0);
      total += heights[index]!;
    }
    for (let index = 0; index < to - from; index += 1)
      weights[position * stride + index] = Math.trunc(0.5 + (heights[index]! / total) * 2 ** weightBits);
    first[position] = from;
    count[position] = to - from;
  }
  return { first, count, weights, stride };
}
