import { backboneFamilies, backboneTable } from '@chorus/models';
import { expect, it } from 'vitest';
import { cases, casesOf } from './cases.ts';

it('compares the numbers of some width of every family', () => {
  const computed = cases.filter(({ numbers }) => numbers !== undefined);
  expect(new Set(computed.map(({ family }) => family))).toEqual(new Set(backboneFamilies));
});

it('refuses a family of which nothing would be computed', () => {
  const { mobilenet } = backboneTable;
  expect(() => casesOf('mobilenet', { ...mobilenet, alphas: [0.35, 1.3] })).toThrow(
    'Expected a width of mobilenet out of 0.25, 0.5, 0.75, 1, of which the numbers are compared, received 0.35, 1.3; add one to computedAlphas.',
  );
});
