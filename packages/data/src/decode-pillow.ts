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
  if (rowsFirst) {
    const rows = resample(data, { outer: 1, length: height, inner: width * 3 }, size);
    return resample(rows, { outer: size, length: width, inner: 3 }, size);
  }
  const columns = resample(data, { outer: height, length: width, inner: 3 }, size);
  return resample(columns, { outer: 1, length: height, inner: size * 3 }, size);
}

// --- internal ---

/** Pillow's src/libImaging/Resample.c calls it PRECISION_BITS. */
const weightBits = 22;

/** Resamples the middle dimension: [outer, length, inner] → [outer, size, inner]; nothing where it has that size. */
function resample(
  data: Uint8Array,
  { outer, length, inner }: { outer: number; length: number; inner: number },
  size: number,
): Uint8Array {
  if (length === size) return data;
  const { first, count, weights, stride } = triangles(length, size);
  // Clamped, as rounded weights of thousands of pixels may add up to more than one.
  const result = new Uint8ClampedArray(outer * size * inner);
  let to = 0;
  for (let block = 0; block < outer; block += 1)
    for (let position = 0; position < size; position += 1) {
      const start = (block * length + first[position]!) * inner;
      const end = start + count[position]! * inner;
      for (let offset = 0; offset < inner; offset += 1) {
        let sum = 1 << (weightBits - 1);
        let weight = position * stride;
        for (let from = start + offset; from < end; from += inner) {
          sum = (sum + Math.imul(data[from]!, weights[weight]!)) | 0;
          weight += 1;
        }
        result[to] = sum >> weightBits;
        to += 1;
      }
    }
  return new Uint8Array(result.buffer);
}

interface Triangles {
  /** Of the pixels that go into each result. */
  first: Int32Array;
  count: Int32Array;
  /** [size, stride]; those of one result add up to 2 ** weightBits, about. */
  weights: Int32Array;
  stride: number;
}

/** Every step in the order of Pillow's, so that the weights are the same to the last bit. */
function triangles(length: number, size: number): Triangles {
  const scale = length / size;
  const reach = Math.max(scale, 1);
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Int32Array(size * stride);
  for (let position = 0; position < size; position += 1) {
    const centre = (position + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const to = Math.min(Math.trunc(centre + reach + 0.5), length);
    const heights = Array.from({ length: to - from }, (_, index) =>
      Math.max(1 - Math.abs((index + from - centre + 0.5) * (1 / reach)), 0),
    );
    const total = heights.reduce((sum, one) => sum + one, 0);
    weights.set(
      heights.map((one) => Math.trunc(0.5 + (one / total) * 2 ** weightBits)),
      position * stride,
    );
    first[position] = from;
    count[position] = to - from;
  }
  return { first, count, weights, stride };
}
