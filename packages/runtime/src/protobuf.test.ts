import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesHeader,
  type Field,
  fieldsOf,
  float,
  integer,
  message,
  packedFloats,
  packedIntegers,
  text,
} from './protobuf.ts';

const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });
const whole = fc.maxSafeNat();

function read(...parts: number[][]): Field[] {
  return [...fieldsOf(Uint8Array.from(parts.flat()))];
}

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);

describe('decoding returns the encoded value of', () => {
  it('integers', () => {
    fc.assert(
      fc.property(field, whole, (number, value) => {
        expect(read(integer(number, value))).toEqual([{ number, value }]);
      }),
    );
  });

  it('strings and messages', () => {
    fc.assert(
      fc.property(field, fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 300 }), (number, words, bytes) => {
        const [one, other] = read(text(number, words), message(number, [...bytes]));
        expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(one!.value as Uint8Array)).toBe(words);
        expect(other).toEqual({ number, value: bytes });
      }),
    );
  });

  it('32-bit floats, single and packed', () => {
    fc.assert(
      fc.property(field, fc.float32Array({ minLength: 1 }), (number, values) => {
        const [one, all] = read(float(number, values[0]!), packedFloats(number, [...values]));
        expect(one).toEqual({ number, value: bytesOf(values.slice(0, 1)) });
        expect(all).toEqual({ number, value: bytesOf(values) });
      }),
    );
  });

  it('packed integers', () => {
    fc.assert(
      fc.property(field, fc.array(whole), (number, values) => {
        const [{ value }] = read(packedIntegers(number, values)) as [Field];
        // Encoded as field 0, with the tags removed.
        const each = values.map((one) => integer(1, one).slice(1));
        expect([...(value as Uint8Array)]).toEqual(each.flat());
      }),
    );
  });

  it('bytes after a header, followed by other fields', () => {
    fc.assert(
      fc.property(field, fc.uint8Array({ maxLength: 300 }), whole, (number, bytes, after) => {
        expect(read(bytesHeader(number, bytes.length), [...bytes], integer(number, after))).toEqual([
          { number, value: bytes },
          { number, value: after },
        ]);
      }),
    );
  });

  it('nested messages', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), whole, (path, value) => {
        const written = path.toReversed().reduce<number[]>((inner, one) => message(one, inner), integer(1, value));
        let bytes: Uint8Array = Uint8Array.from(written);
        for (const number of path) {
          const [only] = [...fieldsOf(bytes)] as [Field];
          expect(only.number).toBe(number);
          bytes = only.value as Uint8Array;
        }
        expect([...fieldsOf(bytes)]).toEqual([{ number: 1, value }]);
      }),
    );
  });
});

describe('encodes as the format specifies', () => {
  // Reference: the examples of protobuf.dev/programming-guides/encoding, and int64 of −1 and −2.
  it.each<[string, number[], string]>([
    ['150 in field 1', integer(1, 150), '089601'],
    ['“testing” in field 2', text(2, 'testing'), '120774657374696e67'],
    ['a message with 150 in field 3', message(3, integer(1, 150)), '1a03089601'],
    ['packed 3, 270 and 86942 in field 6', packedIntegers(6, [3, 270, 86942]), '3206038e029ea705'],
    ['−1', integer(1, -1), '08ffffffffffffffffff01'],
    ['−2 and 2, packed', packedIntegers(1, [-2, 2]), '0a0bfeffffffffffffffff0102'],
    ['a field above 15', integer(16, 1), '800101'],
    ['25.5 in field 5', float(5, 25.5), '2d0000cc41'],
  ])('%s', (_, bytes, hex) => {
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
  });

  it('a 64-bit number decodes to its eight bytes', () => {
    expect(read([9, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual([{ number: 1, value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }]);
  });
});

describe('invalid bytes', () => {
  it('are rejected if they end within a field', () => {
    fc.assert(
      fc.property(field, fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (number, bytes, place) => {
        const whole = message(number, [...bytes]);
        const cut = whole.slice(0, 1 + (place % (whole.length - 1)));
        expect(() => read(cut)).toThrow(RangeError);
      }),
    );
  });

  it.each([
    ['a start of a group', [0x0b], 'unknown wire type 3'],
    ['an end of a group', [0x0c], 'unknown wire type 4'],
    ['an undefined wire type', [0x0f], 'unknown wire type 7'],
    ['a truncated varint', [0x08, 0x80], 'the message ends within a field'],
    ['a truncated fixed32', [0x0d, 1, 2], 'the message ends within a field'],
  ])('are rejected: %s', (_, bytes, words) => {
    expect(() => read(bytes)).toThrow(new RangeError(words));
  });

  it('are decoded or rejected with a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          for (const { value } of fieldsOf(bytes))
            expect(typeof value === 'number' || value instanceof Uint8Array).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
