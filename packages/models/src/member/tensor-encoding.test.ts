import { getFloat16 } from '@petamoriken/float16';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeTensor, encodedByteLength, encodeTensor, tensorEncodings } from './tensor-encoding.ts';

/** A scale may be off by half of it. */
const smallestFloat32 = 2 ** -149;
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -60_000, max: 60_000 });

/** A tensor of up to four axes. */
const tensors = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, side) => product * side, 1);
  return fc.record({
    shape: fc.constant(shape),
    values: fc.array(finite, { minLength: length, maxLength: length }).map((list) => Float32Array.from(list)),
  });
});

describe('encodeTensor and decodeTensor', () => {
  it('preserve float32, bit for bit', () => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        const bytes = encodeTensor(values, shape, 'float32');
        expect(Buffer.compare(bytes, new Uint8Array(values.buffer))).toBe(0);
        expect(decodeTensor(bytes, shape, 'float32')).toEqual(values);
      }),
    );
  });

  it('round to float16 within half a unit of its last place', () => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        const again = decodeTensor(encodeTensor(values, shape, 'float16'), shape, 'float16');
        for (const [index, value] of values.entries())
          expect(Math.abs(again[index]! - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
      }),
    );
  });

  it('decode every float16 that is not NaN as the library does, and encode it to the same bits', () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, index) => index);
    const view = new DataView(bits.buffer);
    const found = decodeTensor(new Uint8Array(bits.buffer), [bits.length], 'float16');
    for (const [index, value] of found.entries()) expect(value).toBe(Math.fround(getFloat16(view, 2 * index, true)));
    const finite = bits.filter((one) => Number.isFinite(found[one]));
    const values = Float32Array.from(finite, (one) => found[one]!);
    expect(new Uint16Array(encodeTensor(values, [values.length], 'float16').buffer)).toEqual(finite);
  });

  it('round to int8 within half a step of the channel', () => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        const channelCount = shape.findLast((length) => length > 1) ?? 1;
        const again = decodeTensor(encodeTensor(values, shape, 'int8'), shape, 'int8');
        const largest = new Float64Array(channelCount);
        for (const [index, value] of values.entries())
          largest[index % channelCount] = Math.max(largest[index % channelCount]!, Math.abs(value));
        for (const [index, value] of values.entries()) {
          const step = largest[index % channelCount]! / 127;
          expect(Math.abs(again[index]! - value)).toBeLessThanOrEqual(step / 2 + step * 1e-4 + 127 * smallestFloat32);
        }
      }),
    );
  });

  test.each(tensorEncodings)('%s: as many bytes as announced, read at any offset', (encoding) => {
    fc.assert(
      fc.property(tensors, ({ shape, values }) => {
        const bytes = encodeTensor(values, shape, encoding);
        expect(bytes).toHaveLength(encodedByteLength(shape, encoding));
        const shifted = new Uint8Array(bytes.length + 3);
        shifted.set(bytes, 3);
        expect(decodeTensor(shifted.subarray(3), shape, encoding)).toEqual(decodeTensor(bytes, shape, encoding));
      }),
    );
  });

  it('give each output channel its own scale', () => {
    // [2, 2]: two inputs, two output channels.
    const values = Float32Array.of(127, 0.5, -64, 0.25);
    expect([...decodeTensor(encodeTensor(values, [2, 2], 'int8'), [2, 2], 'int8')]).toEqual([
      127,
      0.5,
      -64,
      expect.closeTo(64 * (0.5 / 127), 6),
    ]);
  });

  it('give each channel of a depthwise kernel its own scale', () => {
    // [1, 2, 2, 1]: two positions, two channels, one multiplier.
    const values = Float32Array.of(127, 1.27, 1, 0.01);
    const again = decodeTensor(encodeTensor(values, [1, 2, 2, 1], 'int8'), [1, 2, 2, 1], 'int8');
    for (const [index, value] of values.entries()) expect(again[index]).toBeCloseTo(value, 5);
  });

  it('preserve zeros', () => {
    for (const encoding of tensorEncodings)
      expect([...decodeTensor(encodeTensor(new Float32Array(4), [4], encoding), [4], encoding)]).toEqual([0, 0, 0, 0]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuse %s', (value) => {
    for (const encoding of tensorEncodings)
      expect(() => encodeTensor(Float32Array.of(1, value), [2], encoding)).toThrow(`received ${value}.`);
  });

  it('refuse a number beyond float16', () => {
    expect(() => encodeTensor(Float32Array.of(70_000), [1], 'float16')).toThrow('at most 65504 for float16');
  });
});
