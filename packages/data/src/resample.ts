/** Computes weighted sums of pixels in WebAssembly (`assembly/resample.ts`) and lays out its memory. */
import { kernel } from './resample-kernel.ts';

/** The fixed-point weight 1. */
export const weightOne = 2 ** kernel.weightBits.value;

/** For each pixel of a resized line, or for each line: the input pixels or lines and their weights in the sum. */
export interface Taps {
  /** Number of results. */
  size: number;
  /** [size] */
  first: Int32Array;
  /** [size] */
  count: Int32Array;
  /** [size, stride], 0 after the `count` of each; {@link weightOne} is 1. */
  weights: Int32Array;
  stride: number;
}

/**
 * Resamples each line: [lineCount, length, 3] → [lineCount, size, 3].
 *
 * Sums have 32 bits, wrap as in C, and are rounded to 8 bits.
 *
 * @param result memory for the result, exactly of its size; by default new.
 */
export function resampleAlongLines(
  data: Uint8Array,
  lineCount: number,
  taps: Taps,
  result: Uint8Array = new Uint8Array(lineCount * taps.size * 3),
): Uint8Array {
  const lineBytes = data.length / lineCount;
  const resultBytes = taps.size * 3;
  const stripLines = Math.min(Math.ceil(stripBytes / lineBytes), lineCount);
  const tapBytes = tapBytesOf(taps);
  const linesAt = taps.size * tapBytes;
  const resultAt = linesAt + stripLines * lineBytes + slackBytes;
  const memory = reserve(resultAt + stripLines * resultBytes + slackBytes);
  writeTaps(memory, taps, tapBytes);
  for (let line = 0; line < lineCount; line += stripLines) {
    const strip = data.subarray(line * lineBytes, (line + stripLines) * lineBytes);
    memory.set(strip, linesAt);
    const count = strip.length / lineBytes;
    kernel.alongLines(linesAt, lineBytes, count, resultAt, taps.size, 0, tapBytes);
    result.set(memory.subarray(resultAt, resultAt + count * resultBytes), line * resultBytes);
  }
  return result;
}

/** Resamples across lines, as {@link resampleAlongLines} does along them: [length, lineBytes] → [size, lineBytes]. */
export function resampleAcrossLines(
  data: Uint8Array,
  lineBytes: number,
  taps: Taps,
  result: Uint8Array = new Uint8Array(taps.size * lineBytes),
): Uint8Array {
  const { size, first, count } = taps;
  const tapBytes = tapBytesOf(taps);
  const linesAt = size * tapBytes;
  const resultAt = linesAt + groupCountOf(taps.stride) * groupSize * lineBytes + slackBytes;
  const memory = reserve(resultAt + lineBytes + slackBytes);
  writeTaps(memory, taps, tapBytes);
  for (let position = 0; position < size; position += 1) {
    const from = first[position]!;
    memory.set(data.subarray(from * lineBytes, (from + count[position]!) * lineBytes), linesAt);
    kernel.acrossLines(linesAt, lineBytes, resultAt, position * tapBytes);
    result.set(memory.subarray(resultAt, resultAt + lineBytes), position * lineBytes);
  }
  return result;
}

// --- internal ---

const lowerBits = kernel.lowerBits.value;

/** Weights in a group, each in two 16-bit halves. */
const groupSize = 4;
const headBytes = 16;
/** Maximum number of bytes read or written past the end. */
const slackBytes = 16;
/** Lines per pass, so that they stay in the processor cache. */
const stripBytes = 2 ** 18;
const pageBytes = 2 ** 16;

/** Returns memory of at least this size; it never shrinks and holds some lines and a result. */
function reserve(byteCount: number): Uint8Array {
  const missing = byteCount - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
  return new Uint8Array(kernel.memory.buffer);
}

const groupCountOf = (tapCount: number) => Math.ceil(tapCount / groupSize);

function tapBytesOf({ stride }: Taps): number {
  return headBytes + groupCountOf(stride) * groupSize * 4;
}

/** Writes the taps from address 0 on. */
function writeTaps({ buffer }: Uint8Array, { size, first, count, weights, stride }: Taps, tapBytes: number): void {
  const heads = new Int32Array(buffer);
  const halves = new Int16Array(buffer);
  for (let position = 0; position < size; position += 1) {
    const groupCount = groupCountOf(count[position]!);
    const head = (position * tapBytes) / 4;
    heads[head] = first[position]!;
    heads[head + 1] = groupCount;
    const groups = (position * tapBytes + headBytes) / 2;
    for (let tap = 0; tap < groupCount * groupSize; tap += 1) {
      const weight = tap < count[position]! ? weights[position * stride + tap]! : 0;
      const at = groups + Math.floor(tap / groupSize) * 2 * groupSize + (tap % groupSize);
      halves[at] = weight >> lowerBits;
      halves[at + groupSize] = weight & (2 ** lowerBits - 1);
    }
  }
}
