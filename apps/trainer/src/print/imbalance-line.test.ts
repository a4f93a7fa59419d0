import { expect, it } from 'vitest';
import { imbalanceLine } from './imbalance-line.ts';

it('counts the images of few classes, the largest first', () =>
  expect(
    imbalanceLine({
      classes: [
        { name: 'cats', count: 40 },
        { name: 'dogs', count: 800 },
      ],
      ...{ ratio: 20, remedy: { kind: 'class-weights' }, reason: 'it is set in recipe.imbalance' },
    }),
  ).toBe(
    'training images per class: dogs 800, cats 40 (20.0 : 1); imbalance: class-weights, because it is set in recipe.imbalance',
  ));

it('names the largest and the smallest of many classes', () => {
  const classes = Array.from({ length: 9 }, (_, index) => ({ name: `c${index}`, count: 100 + index }));
  expect(imbalanceLine({ classes, ratio: 1.08, remedy: { kind: 'none' }, reason: 'r' })).toBe(
    'training images per class: c8 108 to c0 100 in 9 classes (1.1 : 1); imbalance: none, because r',
  );
});
