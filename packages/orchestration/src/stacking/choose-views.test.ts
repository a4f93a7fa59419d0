import type { TestTimeAugmentation } from '@chorus/models';
import { expect, it } from 'vitest';
import { viewsReportSchema } from '../report/views-schema.ts';
import { chooseViews } from './choose-views.ts';
import { lossesOf, meanOf } from './paired-losses.ts';

const labels = Int32Array.from({ length: 100 }, (_, row) => row % 2);
const kinds: TestTimeAugmentation[] = [false, true, 'zoom', 'scales', 'five-crops'];

/** Chooses from kinds whose probabilities of the true class are as given. */
function choose(probabilityOf: (kind: TestTimeAugmentation, row: number) => number, weights?: Float64Array) {
  return chooseViews(kinds, { labels, weights, classCount: 2 }, async (kind) => ({
    chosenOutOfFold: Float32Array.from({ length: 2 * labels.length }, (_, index) => {
      const row = Math.floor(index / 2);
      const probability = probabilityOf(kind, row);
      return index % 2 === labels[row] ? probability : 1 - probability;
    }),
  }));
}

/** A probability that varies, so that differences between kinds have a standard error. */
const varied = (row: number) => 0.8 + 0.1 * Math.sin(row);

it.each([
  ['the cheapest of equal kinds', [0, 0, 0, 0, 0], 0, 'none'],
  ['a costlier kind that is better for every image', [0, 0.02, 0.02, 0.02, 0.02], 0, 'mirror'],
  ['the better one of two equally cheap kinds', [0, 0.02, 0.04, 0.04, 0.04], 0, 'zoom'],
  ['the costliest kind if each is better than the one before', [0, 0.02, 0.03, 0.04, 0.06], 0, 'five-crops'],
  ['the cheapest kind if the gain is smaller than its standard error', [0, 0.001, 0.001, 0.002, 0.003], 0.09, 'none'],
] as const)('chooses %s', async (_, gains, noise, expected) => {
  const { kind, choice, report } = await choose(
    (kind, row) => varied(row) + gains[kinds.indexOf(kind)]! + (kind === false ? noise * Math.cos(3 * row) : 0),
  );
  expect(viewsReportSchema.parse(report)).toEqual(report);
  expect(report).toMatchObject({ chosen: expected, images: 100 });
  expect(report.candidates.map((one) => [one.kind, one.views])).toEqual([
    ['none', 1],
    ['mirror', 2],
    ['zoom', 2],
    ['scales', 6],
    ['five-crops', 12],
  ]);
  const chosen = report.candidates.find((one) => one.kind === expected)!;
  expect(meanOf(lossesOf(choice.chosenOutOfFold, { labels }, 2))).toBe(chosen.logLoss);
  expect(kind).toBe({ none: false, mirror: true, zoom: 'zoom', 'five-crops': 'five-crops' }[expected]);
});

it('measures the excess over the lowest loss, and its standard error on the same images', async () => {
  const better = (kind: unknown) => kind === 'scales';
  const { report } = await choose((kind, row) => (better(kind) ? 0.9 : row < 50 ? 0.6 : 0.9));
  const losses = [-Math.log(0.6), -Math.log(0.9)];
  const [none, , , scales] = report.candidates;
  expect(scales).toMatchObject({ excess: 0, standardError: 0 });
  expect(none!.excess).toBeCloseTo((losses[0]! - losses[1]!) / 2, 5);
  // Differences of 0 and of d in equal numbers have the standard deviation d / 2.
  expect(none!.standardError).toBeCloseTo((((losses[0]! - losses[1]!) / 2) * Math.sqrt(100 / 99)) / 10, 5);
  expect(report.chosen).toBe('scales');
});

it('counts images by their weights', async () => {
  const probabilityOf = (kind: unknown, row: number) => (kind === 'scales' && row < 50 ? 0.9 : 0.7);
  const weights = Float64Array.from(labels, (_, row) => (row < 50 ? 1 : 3));
  const [plain, weighted] = [await choose(probabilityOf), await choose(probabilityOf, weights)];
  expect(weighted.report.candidates[0]!.excess).toBeCloseTo(plain.report.candidates[0]!.excess / 2, 5);
});
