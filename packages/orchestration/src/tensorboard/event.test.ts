import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventTime, fileVersionEvent, type SummaryValue, sessionStartEvent, summaryEvent } from './event.ts';

type Fields = Map<number, (number | bigint | Uint8Array)[]>;

/** The fields of a message by their numbers, without a schema. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value = {
      [WireType.Varint]: () => BigInt(reader.int64()),
      [WireType.Bit64]: () => reader.double(),
      [WireType.Bit32]: () => reader.float(),
      [WireType.LengthDelimited]: () => reader.bytes().slice(),
    }[type as 0 | 1 | 2 | 5]();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const only = (fields: Fields, field: number) => {
  expect(fields.get(field)).toHaveLength(1);
  return fields.get(field)![0]!;
};
const messageIn = (fields: Fields, field: number) => fieldsOf(only(fields, field) as Uint8Array);
const textIn = (fields: Fields, field: number) => Buffer.from(only(fields, field) as Uint8Array).toString();
const doublesIn = (fields: Fields, field: number) => [
  ...new Float64Array((only(fields, field) as Uint8Array).slice().buffer),
];

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const times: fc.Arbitrary<EventTime> = fc.record({
  atMs: fc.integer({ min: 0, max: 4e12 }),
  step: fc.nat(Number.MAX_SAFE_INTEGER),
});
const histograms = fc.record({
  ...{ minimum: double, maximum: double, sum: double, squareSum: double },
  counts: fc.array(fc.nat(1e9), { minLength: 1, maxLength: 40 }),
});
const pictures = fc.record({ bytes: fc.uint8Array(), width: fc.nat(65535), height: fc.nat(65535) });
const values: fc.Arbitrary<SummaryValue> = fc.oneof(
  fc.record({ tag: fc.string({ unit: 'grapheme' }), scalar: fc.float() }),
  fc.record({ tag: fc.string(), histogram: histograms }),
  fc.record({ tag: fc.string(), picture: pictures }),
);

/** Expects the fields of summary.proto. */
function expectValue(fields: Fields, value: SummaryValue): void {
  expect(textIn(fields, 1)).toBe(value.tag);
  if ('scalar' in value) expect(only(fields, 2)).toBe(value.scalar);
  else if ('picture' in value) {
    const image = messageIn(fields, 4);
    const { height, width, bytes } = value.picture;
    expect([1, 2, 3].map((field) => only(image, field))).toEqual([height, width, 3].map(BigInt));
    expect(Buffer.from(only(image, 4) as Uint8Array)).toEqual(Buffer.from(bytes));
  } else {
    const histogram = messageIn(fields, 5);
    const { minimum, maximum, counts, sum, squareSum } = value.histogram;
    const count = counts.reduce((total, one) => total + one, 0);
    expect([1, 2, 3, 4, 5].map((field) => only(histogram, field))).toEqual([minimum, maximum, count, sum, squareSum]);
    expect(doublesIn(histogram, 6)).toHaveLength(counts.length);
    expect(doublesIn(histogram, 7)).toEqual(counts);
  }
}

describe('summaryEvent', () => {
  it('encodes any values', () => {
    fc.assert(
      fc.property(times, fc.array(values), (time, some) => {
        const event = fieldsOf(summaryEvent(time, some));
        expect(only(event, 1)).toBe(time.atMs / 1000);
        expect(only(event, 2)).toBe(BigInt(time.step));
        const encoded = messageIn(event, 5).get(1) ?? [];
        expect(encoded).toHaveLength(some.length);
        for (const [index, value] of some.entries()) expectValue(fieldsOf(encoded[index] as Uint8Array), value);
      }),
    );
  });

  it('gives buckets of equal width by their upper ends', () => {
    const histogram = { minimum: -1, maximum: 3, sum: 4, squareSum: 12, counts: [1, 0, 0, 3] };
    const event = fieldsOf(summaryEvent({ atMs: 0, step: 0 }, [{ tag: 'weights', histogram }]));
    expect(doublesIn(messageIn(messageIn(messageIn(event, 5), 1), 5), 6)).toEqual([0, 1, 2, 3]);
  });
});

it('encodes the events at the start of a file', () => {
  const version = fieldsOf(fileVersionEvent(1500));
  expect([only(version, 1), only(version, 2), textIn(version, 3)]).toEqual([1.5, 0n, 'brain.Event:2']);
  const start = fieldsOf(sessionStartEvent({ atMs: 1500, step: 12 }));
  expect([only(start, 1), only(start, 2), only(messageIn(start, 7), 1)]).toEqual([1.5, 12n, 1n]);
});
