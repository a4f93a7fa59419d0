/**
 * Weighted sums of neighboring pixels, in AssemblyScript, 16 bytes at a time. `src/resample.ts` manages its memory.
 *
 * Weights are fixed-point numbers, split into halves because the multiply instruction takes 16-bit factors: a pixel and half a
 * weight, two at a time. The shifted sum over the upper halves plus the sum over the lower halves equals Pillow's sum.
 */

/** Fractional bits of a weight; PRECISION_BITS in Pillow's src/libImaging/Resample.c. */
export const weightBits: i32 = 22;
/** Fractional bits in the lower half. */
export const lowerBits: i32 = 11;

/**
 * Bytes of a group of four weights, 16 bits each: the four upper halves, then the four lower ones. Unused weights are 0, but
 * the pixels at their positions are still read.
 */
const groupBytes: usize = 16;
/** A head holds the index of the first pixel or line and the number of groups, 32 bits each; the first group starts at byte 16. */
const headBytes: usize = 16;

/**
 * Computes each pixel of the result from adjacent pixels.
 *
 * @param lines of pixels of three bytes; reads up to 13 bytes past their end.
 * @param result lines of `size` pixels; writes one byte past their end.
 * @param taps a head and its groups for each pixel of a line, `tapBytes` in all.
 */
export function alongLines(
  lines: usize,
  lineBytes: usize,
  lineCount: i32,
  result: usize,
  size: i32,
  taps: usize,
  tapBytes: usize,
): void {
  // Pairs equal channels as 16-bit values; indices of 16 and above yield 0.
  const pixels01 = v128(0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16);
  const pixels23 = v128(6, 16, 9, 16, 7, 16, 10, 16, 8, 16, 11, 16, 16, 16, 16, 16);
  for (let line = 0; line < lineCount; line += 1) {
    let tap = taps;
    for (let position = 0; position < size; position += 1) {
      let from = lines + 3 * (load<i32>(tap) as usize);
      let group = tap + headBytes;
      const end = group + groupBytes * (load<i32>(tap, 4) as usize);
      let upper = i32x4.splat(0);
      let lower = i32x4.splat(0);
      for (; group < end; group += groupBytes) {
        const bytes = v128.load(from);
        const first = i8x16.swizzle(bytes, pixels01);
        const second = i8x16.swizzle(bytes, pixels23);
        upper = addProducts(upper, first, second, group);
        lower = addProducts(lower, first, second, group + 8);
        from += 12;
      }
      const value = rounded(upper, lower);
      const words = i16x8.narrow_i32x4_s(value, value);
      // The next pixel overwrites the fourth byte.
      store<i32>(result, i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0));
      result += 3;
      tap += tapBytes;
    }
    lines += lineBytes;
  }
}

/**
 * Computes one line of the result from adjacent lines.
 *
 * @param lines bytes; reads up to three lines and 15 bytes past their end.
 * @param result a line; writes up to 15 bytes past its end.
 * @param tap a head and its groups; `lines` starts at the head's first line.
 */
export function acrossLines(lines: usize, lineBytes: usize, result: usize, tap: usize): void {
  const groups = tap + headBytes;
  const end = groups + groupBytes * (load<i32>(tap, 4) as usize);
  for (let offset: usize = 0; offset < lineBytes; offset += 16) {
    let from = lines + offset;
    let upper0 = i32x4.splat(0);
    let upper4 = i32x4.splat(0);
    let upper8 = i32x4.splat(0);
    let upper12 = i32x4.splat(0);
    let lower0 = i32x4.splat(0);
    let lower4 = i32x4.splat(0);
    let lower8 = i32x4.splat(0);
    let lower12 = i32x4.splat(0);
    for (let group = groups; group < end; group += groupBytes) {
      const line0 = v128.load(from);
      const line1 = v128.load(from + lineBytes);
      const line2 = v128.load(from + 2 * lineBytes);
      const line3 = v128.load(from + 3 * lineBytes);
      // Interleaves a line with the next one as 8-bit values, then widens them to 16 bits.
      const firstLow = i8x16.shuffle(line0, line1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const firstHigh = i8x16.shuffle(line0, line1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const secondLow = i8x16.shuffle(line2, line3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const secondHigh = i8x16.shuffle(line2, line3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const first0 = i16x8.extend_low_i8x16_u(firstLow);
      const first4 = i16x8.extend_high_i8x16_u(firstLow);
      const first8 = i16x8.extend_low_i8x16_u(firstHigh);
      const first12 = i16x8.extend_high_i8x16_u(firstHigh);
      const second0 = i16x8.extend_low_i8x16_u(secondLow);
      const second4 = i16x8.extend_high_i8x16_u(secondLow);
      const second8 = i16x8.extend_low_i8x16_u(secondHigh);
      const second12 = i16x8.extend_high_i8x16_u(secondHigh);
      upper0 = addProducts(upper0, first0, second0, group);
      upper4 = addProducts(upper4, first4, second4, group);
      upper8 = addProducts(upper8, first8, second8, group);
      upper12 = addProducts(upper12, first12, second12, group);
      lower0 = addProducts(lower0, first0, second0, group + 8);
      lower4 = addProducts(lower4, first4, second4, group + 8);
      lower8 = addProducts(lower8, first8, second8, group + 8);
      lower12 = addProducts(lower12, first12, second12, group + 8);
      from += 4 * lineBytes;
    }
    const words0 = i16x8.narrow_i32x4_s(rounded(upper0, lower0), rounded(upper4, lower4));
    const words8 = i16x8.narrow_i32x4_s(rounded(upper8, lower8), rounded(upper12, lower12));
    v128.store(result + offset, i8x16.narrow_i16x8_u(words0, words8));
  }
}

// --- internal ---

/** Adds the products of two pairs of pixels with the four half weights at an address. */
function addProducts(sum: v128, first: v128, second: v128, weights: usize): v128 {
  const products01 = i32x4.dot_i16x8_s(first, v128.load32_splat(weights));
  const products23 = i32x4.dot_i16x8_s(second, v128.load32_splat(weights, 4));
  return i32x4.add(sum, i32x4.add(products01, products23));
}

/** Rounds as Pillow does and wraps where a sum is too large, the only case of values beyond 0 … 255. */
function rounded(upper: v128, lower: v128): v128 {
  const sum = i32x4.add(i32x4.shl(upper, lowerBits), lower);
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(1 << (weightBits - 1))), weightBits);
}
