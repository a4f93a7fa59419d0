import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkValue, mistakesLine } from './check-value.ts';

const choice = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('a'), size: z.int().min(1).max(9) }),
  z.strictObject({ kind: z.literal('b') }),
]);
const color = z.string().refine((text) => text === 'red', 'expected a color');

describe('checkValue', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.int(), 1.5, 'expected a whole number (received 1.5)'],
    [z.int().min(1), 'x', 'expected a whole number of at least 1 (received "x")'],
    [z.number().gt(0).lt(1), 1, 'expected a number above 0 and below 1 (received 1)'],
    [z.number().gt(0).max(1), 0, 'expected a number above 0 and of at most 1 (received 0)'],
    [z.number(), Number.NaN, 'expected a number (received NaN)'],
    [z.boolean(), undefined, 'expected true or false (received nothing)'],
    [z.string().min(1), '', 'expected a string of at least 1 character (received "")'],
    [z.string().max(3), 'four', 'expected a string of at most 3 characters (received "four")'],
    [z.enum(['a', 'b']).nullable(), 'c', 'expected "a", "b" or null (received "c")'],
    [z.union([z.int().min(0), z.literal('all')]), -1, 'expected a whole number of at least 0 or "all" (received -1)'],
    [z.tuple([z.int(), z.int()]), [1], 'expected a list of 2 entries (received a list of 1)'],
    [z.array(z.int()).min(2), [1], 'expected a list of at least 2 entries (received a list of 1)'],
    [
      z.object({ a: z.int() }),
      { a: JSON.parse(`${'['.repeat(1e5)}${']'.repeat(1e5)}`) },
      'a: expected a whole number (received a deeply nested value)',
    ],
    [z.record(z.string(), z.int()), { a: 'x' }, 'a: expected a whole number (received "x")'],
    [z.object({ a: choice }), { a: {} }, 'a.kind: expected "a" or "b" (received nothing)'],
    [
      z.object({ a: choice }),
      { a: 3 },
      'a: expected an object with kind: "a" or an object with kind: "b" (received 3)',
    ],
    [
      z.object({ a: choice }),
      { a: { kind: 'a', size: 0 } },
      'a.size: expected a whole number from 1 to 9 (received 0)',
    ],
    [z.union([z.literal('auto'), choice]), { kind: 'b', x: 1 }, 'x: unknown key'],
    [z.union([z.literal('auto'), z.array(choice)]), [{ kind: 'c' }], '0.kind: expected "a" or "b" (received "c")'],
    [z.object({ a: color }), { a: 'blue' }, 'a: expected a color (received "blue")'],
    [z.object({ a: color }), { a: 1 }, 'a: expected a string (received 1)'],
    [z.object({ a: z.int() }).refine(() => false, 'expected others'), { a: 1 }, 'expected others'],
    [z.string().max(1), 'x'.repeat(200), `expected a string of at most 1 character (received "${'x'.repeat(78)}…)`],
    [
      z.object({ a: z.int(), b: z.int() }),
      { a: 1.5, b: '' },
      'a: expected a whole number (received 1.5); b: expected a whole number (received "")',
    ],
    [
      z.array(z.int()),
      ['', '', '', '', ''],
      `${[0, 1, 2].map((index) => `${index}: expected a whole number (received ""); `).join('')}and 2 more`,
    ],
  ])('%#: says what was expected and received', (schema, value, expected) => {
    const { data, mistakes } = checkValue(schema, value);
    expect(data).toBeUndefined();
    expect(mistakesLine(mistakes!)).toBe(expected);
  });

  it('returns a valid value with its defaults', () =>
    expect(checkValue(z.object({ a: z.int().default(3) }), {})).toEqual({ data: { a: 3 } }));

  it('leaves out what was received if the message says it', () => {
    const schema = z.int().superRefine((_, context) => {
      context.addIssue({ code: 'custom', message: 'invalid size 3', params: { isComplete: true } });
    });
    expect(mistakesLine(checkValue(schema, 3).mistakes!)).toBe('invalid size 3');
  });
});
