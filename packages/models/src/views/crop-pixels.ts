/** Enlarges a part of an image to the size of the image, by bilinear interpolation in exact numbers. */
import type { View } from './views.ts';

/**
 * How pixels along one side of a view follow from those of the image: pixel i is
 * `(1 − shares[i]) × pixels[first[i]] + shares[i] × pixels[second[i]]`.
 */
export interface Interpolation {
  first: Int32Array;
  second: Int32Array;
  shares: Float32Array;
}

/**
 * Interpolates along one side of an image, with half-pixel centers. Beyond the image, its border pixels repeat.
 *
 * @param size side of the image in pixels.
 * @param start,length the part of the side, in eighths: `start` is a multiple of one half, `length` a whole number.
 * @param mirror reverses the pixels.
 * @returns shares that are multiples of 1/16: interpolating bytes along both sides is exact in float32, in any order.
 */
export function interpolation(
  size: number,
  { start, length, mirror }: { start: number; length: number; mirror: boolean },
): Interpolation {
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const shares = new Float32Array(size);
  const last = size - 1;
  for (let output = 0; output < size; output += 1) {
    const pixel = mirror ? last - output : output;
    // The position is start × size / 8 + (pixel + 1/2) × length / 8 − 1/2.
    const sixteenths = 2 * start * size + (2 * pixel + 1) * length - 8;
    const position = Math.min(Math.max(sixteenths, 0), 16 * last);
    first[output] = Math.floor(position / 16);
    second[output] = Math.min(first[output]! + 1, last);
    shares[output] = (position % 16) / 16;
  }
  return { first, second, shares };
}

/** The interpolations of a view along the columns and the rows of an image. */
export function interpolationsOf(
  { crop, mirror }: View,
  size: number,
): { columns: Interpolation; rows: Interpolation } {
  const { left, top, side } = crop ?? { left: 0, top: 0, side: 8 };
  return {
    columns: interpolation(size, { start: left, length: side, mirror }),
    rows: interpolation(size, { start: top, length: side, mirror: false }),
  };
}

/** An interpolation as a matrix [size, size] with a row per pixel of the image and a column per pixel of the view. */
export function interpolationMatrix({ first, second, shares }: Interpolation): number[][] {
  const matrix = Array.from(first, () => new Array<number>(first.length).fill(0));
  for (const [output, share] of shares.entries()) {
    matrix[first[output]!]![output]! += 1 - share;
    matrix[second[output]!]![output]! += share;
  }
  return matrix;
}

/**
 * Computes a view of an image.
 *
 * @param pixels [size, size, 3], 0 … 255.
 * @param out receives [size, size, 3], which are not rounded.
 */
export function fillView(pixels: Uint8Array, size: number, view: View, out: Float32Array): void {
  const { columns, rows } = interpolationsOf(view, size);
  const rowLength = 3 * size;
  const sourceRows = new Map<number, Float32Array>();
  const sourceRow = (row: number): Float32Array => {
    const known = sourceRows.get(row);
    if (known !== undefined) return known;
    const values = interpolatedRow(pixels.subarray(row * rowLength, (row + 1) * rowLength), columns);
    sourceRows.set(row, values);
    return values;
  };
  for (let row = 0; row < size; row += 1) {
    const share = rows.shares[row]!;
    const [above, below] = [sourceRow(rows.first[row]!), sourceRow(rows.second[row]!)];
    const start = row * rowLength;
    for (let index = 0; index < rowLength; index += 1)
      out[start + index] = (1 - share) * above[index]! + share * below[index]!;
  }
}

// --- internal ---

function interpolatedRow(row: Uint8Array, { first, second, shares }: Interpolation): Float32Array {
  const values = new Float32Array(row.length);
  for (let column = 0; column < first.length; column += 1) {
    const share = shares[column]!;
    const [left, right] = [3 * first[column]!, 3 * second[column]!];
    for (let channel = 0; channel < 3; channel += 1)
      values[3 * column + channel] = (1 - share) * row[left + channel]! + share * row[right + channel]!;
  }
  return values;
}
