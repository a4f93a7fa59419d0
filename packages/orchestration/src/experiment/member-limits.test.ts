import { expect, it } from 'vitest';
import { excessMegabytes } from './member-limits.ts';

it.each([
  [[3e6, 1e6, 2e6], { minMembers: 2 }, undefined],
  [[3e6, 1e6, 2e6], { minMembers: 2, maxMegabytes: 3 }, undefined],
  [[3e6, 1e6, 2e6], { minMembers: 2, maxMegabytes: 2.9 }, 3],
  [[3e6, 1e6, 2e6], { minMembers: 3, maxMegabytes: 5 }, 6],
])('members of %j bytes with %o', (bytes, limits, expected) => {
  expect(excessMegabytes(bytes, limits)).toBe(expected);
});
