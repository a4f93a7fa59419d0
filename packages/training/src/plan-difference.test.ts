import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { planDifference } from './plan-difference.ts';

describe('planDifference', () => {
  test.each<[string, unknown, unknown, string | undefined]>([
    ['a number', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 2 }] } }, 'a.b.0.c was 1, is now 2'],
    ['a missing key', { a: 1 }, { a: 1, b: null }, 'b was missing, is now null'],
    ['a shorter list', { a: [1, 2] }, { a: [1] }, 'a.1 was 2, is now missing'],
    ['another kind', { a: { b: 1 } }, { a: 'head' }, 'a was {"b":1}, is now "head"'],
    ['a list in place of an object', { a: {} }, { a: [] }, 'a was {}, is now []'],
    ['the first of several', { a: 1, b: 1 }, { b: 2, a: 2 }, 'a was 1, is now 2'],
    ['nothing but the order of keys', { a: 1, b: 1 }, { b: 1, a: 1 }, undefined],
    ['a key that is undefined', { a: 1 }, { a: 1, b: undefined }, undefined],
  ])('reports %s', (_, before, now, expected) => {
    expect(planDifference(before, now)).toBe(expected);
  });

  it('finds none in a copy, and one between any two different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(planDifference({ a }, structuredClone({ a }))).toBeUndefined();
        const written = (value: unknown) => JSON.parse(JSON.stringify(value));
        expect(planDifference({ a }, { a: b }) === undefined).toBe(isDeepStrictEqual(written(a), written(b)));
      }),
    );
  });
});
