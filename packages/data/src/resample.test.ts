import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resampleAcrossLines, resampleAlongLines, type Taps, weightOne } from './resample.ts';

/** The reference, one byte at a time: 32-bit sums, rounded to 8 bits. */
function weightedSums(valueAt: (index: number) => number, { size, first, count, weights, stride }: Taps): number[] {
  return Array.from({ length: size }, (_, position) => {
    let sum = weightOne / 2;
    for (let tap = 0; tap < count[position]!; tap += 1)
      sum = (sum + Math.imul(valueAt(first[position]! + tap), weights[position * stride + tap]!)) | 0;
    return Math.min(Math.max(Math.floor(sum / weightOne), 0), 255);
  });
}

/** [lines, length, 3] → [lines, size, 3] */
function alongLines(data: Uint8Array, lineCount: number, taps: Taps): number[] {
  const length = data.length / lineCount / 3;
  return Array.from({ length: lineCount }, (_, line) => {
    const channels = [0, 1, 2].map((channel) =>
      weightedSums((index) => data[(line * length + index) * 3 + channel]!, taps),
    );
    return channels[0]!.flatMap((_, position) => channels.map((values) => values[position]!));
  }).flat();
}

/** [length, lineBytes] → [size, lineBytes] */
function acrossLines(data: Uint8Array, lineBytes: number, taps: Taps): number[] {
  const columns = Array.from({ length: lineBytes }, (_, offset) =>
    weightedSums((index) => data[index * lineBytes + offset]!, taps),
  );
  return Array.from({ length: taps.size }, (_, position) => columns.map((values) => values[position]!)).flat();
}

const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => Math.imul(index + seed, 2_654_435_761) >>> 24);

/** Arbitrary weights at arbitrary positions of a length, including combinations that no filter has: sums then wrap. */
const tapsWithin = (length: number): fc.Arbitrary<Taps> => {
  const tap = fc
    .tuple(fc.nat(length - 1), fc.nat(length))
    .chain(([first, most]) =>
      fc.array(fc.nat(weightOne), { maxLength: Math.min(most, length - first) }).map((weights) => ({ first, weights })),
    );
  return fc.array(tap, { minLength: 1, maxLength: 9 }).map((all) => {
    const stride = Math.max(...all.map(({ weights }) => weights.length));
    return {
      size: all.length,
      first: Int32Array.from(all, ({ first }) => first),
      count: Int32Array.from(all, ({ weights }) => weights.length),
      weights: Int32Array.from(
        all.flatMap(({ weights }) => Array.from({ length: stride }, (_, at) => weights[at] ?? 0)),
      ),
      stride,
    };
  });
};

const cases = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }), fc.nat())
  .chain(([length, others, seed]) => tapsWithin(length).map((taps) => ({ length, others, seed, taps })));

describe('resampleAlongLines', () => {
  it('computes the weighted sums of pixels for any weights', () => {
    fc.assert(
      fc.property(cases, ({ length, others, seed, taps }) => {
        const data = noise(others * length * 3, seed);
        expect([...resampleAlongLines(data, others, taps)]).toEqual(alongLines(data, others, taps));
      }),
    );
  });

  it('works in several strips, the last one smaller', () => {
    const [lineCount, length] = [2001, 150];
    const taps = {
      size: 1,
      first: Int32Array.of(147),
      count: Int32Array.of(3),
      weights: Int32Array.of(9, 1e6, 2e6),
      stride: 3,
    };
    const data = noise(lineCount * length * 3, 5);
    expect([...resampleAlongLines(data, lineCount, taps)]).toEqual(alongLines(data, lineCount, taps));
  });
});

describe('resampleAcrossLines', () => {
  it('computes the weighted sums of lines for any weights', () => {
    fc.assert(
      fc.property(cases, ({ length, others, seed, taps }) => {
        const data = noise(others * length, seed);
        expect([...resampleAcrossLines(data, others, taps)]).toEqual(acrossLines(data, others, taps));
      }),
    );
  });
});
