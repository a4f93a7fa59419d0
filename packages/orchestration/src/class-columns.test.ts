import fc from 'fast-check';
import { expect, it } from 'vitest';
import { classColumns } from './class-columns.ts';

it.each([
  [
    ['cats', 'dogs'],
    ['cats', 'dogs'],
  ],
  [
    ['accepted', 'set', 'cats'],
    ['class:accepted', 'class:set', 'cats'],
  ],
  // A class whose name begins with the prefix keeps it.
  [
    ['set', 'class:set'],
    ['class:class:set', 'class:set'],
  ],
])('the columns of %j are %j', (classes, expected) =>
  expect(classColumns(classes, ['path', 'accepted', 'set'])).toEqual(expected),
);

it('all columns differ, for any classes', () => {
  const others = ['path', 'set', 'class:set'];
  const name = fc.constantFrom('path', 'set', 'class:set', 'class:class:set', 'class:path', 'cats');
  fc.assert(
    fc.property(fc.uniqueArray(name), (classes) => {
      const all = [...others, ...classColumns(classes, others)];
      expect(new Set(all).size).toBe(all.length);
    }),
  );
});
