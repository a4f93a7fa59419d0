import { describe, expect, it } from 'vitest';
import { cropKinds, positionsOf, type TestTimeAugmentation, unionOfViews, viewsOf, whole } from './views.ts';

const kinds: TestTimeAugmentation[] = [false, true, ...cropKinds];

describe('the views of a kind', () => {
  it.each([
    [false, 1],
    [true, 2],
    ['zoom', 2],
    ['scales', 6],
    ['five-crops', 12],
  ] as const)('%s: %d, the image first', (kind, count) => {
    expect(viewsOf(kind)).toHaveLength(count);
    expect(viewsOf(kind)[0]).toEqual(whole);
  });

  it.each([true, 'scales', 'five-crops'] as const)(
    '%s: each part of the image, followed by its mirror image',
    (kind) => {
      const views = viewsOf(kind);
      for (const [index, { crop, mirror }] of views.entries()) {
        expect(mirror).toBe(index % 2 === 1);
        expect(crop).toEqual(views[index - (index % 2)]!.crop);
      }
    },
  );

  it.each(cropKinds)('%s: parts within the image, each once', (kind) => {
    for (const { crop } of viewsOf(kind)) {
      if (crop === null) continue;
      const { left, top, side } = crop;
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
      expect(Math.max(left, top) + side).toBeLessThanOrEqual(8);
    }
    expect(new Set(viewsOf(kind).map((view) => JSON.stringify(view))).size).toBe(viewsOf(kind).length);
  });
});

it('the union of kinds has each view once: the enlarged middle is in both kinds with crops', () => {
  expect(unionOfViews(kinds)).toHaveLength(14);
  expect(unionOfViews(kinds).slice(0, 2)).toEqual(viewsOf(true));
  for (const kind of kinds) {
    const union = unionOfViews(kinds);
    expect(positionsOf(viewsOf(kind), union).map((position) => union[position])).toEqual(viewsOf(kind));
  }
});

it('the position of a view that is missing is an error', () => {
  expect(() => positionsOf(viewsOf('scales'), viewsOf(true))).toThrow('no view {"crop":{"left":0.5');
});
