import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { StorageError } from './errors.ts';
import { exceededJsonLimit, parseJson } from './json.ts';

const parse = (text: string) => parseJson(Buffer.from(text), '/x/bundle.json');

describe('parseJson', () => {
  test.each<[string, string, string]>([
    ['text that is not JSON', '{', '/x/bundle.json: invalid JSON: '],
    ['empty text', '', '/x/bundle.json: invalid JSON: '],
    [
      '10,000 levels',
      '['.repeat(10_000) + ']'.repeat(10_000),
      '/x/bundle.json: expected at most 64 levels of nested JSON',
    ],
    [
      '10,000 levels that never end',
      '{"a":'.repeat(10_000),
      '/x/bundle.json: expected at most 64 levels of nested JSON',
    ],
    ['more than 2²⁰ objects', `[${'{},'.repeat(2 ** 20)}1]`, 'expected at most 1048576 arrays and objects of JSON'],
    ['more than 2²³ numbers', `[${'1,'.repeat(2 ** 23)}1]`, 'expected at most 8388608 values of JSON'],
    ['a __proto__ key', '{"__proto__": {"polluted": 1}}', '/x/bundle.json: unknown key "__proto__"'],
    ['a nested __proto__ key', '[{"a": [{"__proto__": 1}]}]', '/x/bundle.json: unknown key "__proto__"'],
    ['a constructor key', '{"a": {"constructor": {}}}', '/x/bundle.json: unknown key "constructor"'],
    ['a prototype key', '{"prototype": 1}', '/x/bundle.json: unknown key "prototype"'],
  ])('20: rejects %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(StorageError);
    expect(() => parse(text)).toThrow(message);
    expect({}).not.toHaveProperty('polluted');
  });

  it('20: rejects 200 MB before parsing', () => {
    expect(() => parseJson(Buffer.alloc(200e6, ' '), 'x')).toThrow('expected at most 67108864 bytes');
  });

  it('returns what JSON.parse returns, or rejects a key', () => {
    const key = fc.oneof({ weight: 9, arbitrary: fc.string() }, fc.constantFrom('__proto__', 'constructor'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 0 }), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    }));
    fc.assert(
      fc.property(value, (one) => {
        const text = JSON.stringify(one);
        if (/"(__proto__|constructor|prototype)":/.test(text)) expect(() => parse(text)).toThrow(StorageError);
        else expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('exceededJsonLimit', () => {
  interface Size {
    depth: number;
    values: number;
    containers: number;
  }
  const measure = (value: unknown): Size => {
    if (typeof value !== 'object' || value === null) return { depth: 0, values: 1, containers: 0 };
    const inner = Object.values(value).map(measure);
    const total = (key: 'values' | 'containers') => inner.reduce((sum, one) => sum + one[key], 1);
    const depth = 1 + Math.max(0, ...inner.map((one) => one.depth));
    return { depth, values: total('values'), containers: total('containers') };
  };

  it('counts levels, arrays and objects exactly, and no fewer values than there are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, space) => {
        const bytes = Buffer.from(JSON.stringify([value], null, space));
        const { depth, values, containers } = measure([value]);
        const all = { depth, values: values + containers, containers };
        expect(exceededJsonLimit(bytes, all)).toBeUndefined();
        expect(exceededJsonLimit(bytes, { ...all, depth: depth - 1 })).toBe('depth');
        expect(exceededJsonLimit(bytes, { ...all, containers: containers - 1 })).toBe('containers');
        expect(exceededJsonLimit(bytes, { ...all, values: values - 1 })).toBe('values');
      }),
    );
  });
});
