import { backboneFamilies, backboneTable } from '@chorus/models';
import { expect, it } from 'vitest';
import { cases, casesOf } from './cases.ts';

it('compares the numbers of at least one width of every family', () => {
  const computed = cases.filter(({ numbers }) => numbers !== undefined);
  expect(new Set(computed.map(({ family }) => family))).toEqual(new Set(backboneFamilies));
});

it('rejects a family without a computed variant', () => {
  const { mobilenet } = backboneTable;
  const [first] = mobilenet.variants;
  expect(() => casesOf('mobilenet', { ...mobilenet, variants: [{ ...first, name: 'lite0' }] })).toThrow(
    'No variant of mobilenet (lite0) is in computedVariants, whose numbers are compared with those of Keras or timm; add one.',
  );
});
