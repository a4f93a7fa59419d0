import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytes, double, doubles, float, integer, message, text } from './protobuf.ts';

const fields = fc.integer({ min: 1, max: 2 ** 29 - 1 });

it('writes fields of every type, also in messages', () => {
  const values = fc.record({
    whole: fc.maxSafeInteger(),
    single: fc.float(),
    number: fc.double(),
    numbers: fc.array(fc.double()),
    name: fc.string({ unit: 'grapheme' }),
    content: fc.uint8Array(),
  });
  fc.assert(
    fc.property(fields, values, (field, { whole, single, number, numbers, name, content }) => {
      const writer = new BinaryWriter();
      message(writer, field, () => {
        integer(writer, field, whole);
        float(writer, field, single);
        double(writer, field, number);
        doubles(writer, field, numbers);
        text(writer, field, name);
        bytes(writer, field, content);
      });
      const outer = new BinaryReader(writer.finish());
      expect(outer.tag()).toEqual([field, WireType.LengthDelimited]);
      const reader = new BinaryReader(outer.bytes());
      expect(outer.pos).toBe(outer.len);
      const next = <Value>(type: WireType, read: () => Value) => {
        expect(reader.tag()).toEqual([field, type]);
        return read();
      };
      expect(Number(next(WireType.Varint, () => reader.int64()))).toBe(whole + 0);
      expect(next(WireType.Bit32, () => reader.float())).toBe(single);
      expect(next(WireType.Bit64, () => reader.double())).toBe(number);
      const packed = next(WireType.LengthDelimited, () => reader.bytes());
      expect([...new Float64Array(packed.slice().buffer)]).toEqual(numbers);
      expect(next(WireType.LengthDelimited, () => reader.string())).toBe(name);
      expect(next(WireType.LengthDelimited, () => reader.bytes())).toEqual(content);
      expect(reader.pos).toBe(reader.len);
    }),
  );
});
