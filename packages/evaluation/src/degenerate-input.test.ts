/** Every exported function ends for every input: with finite numbers, or an error that names the row and the value. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as evaluation from './index.ts';

/** NaN, infinities, ties, constant rows, no rows, and labels that do not exist. */
interface Rows {
  probabilities: Float32Array;
  labels: number[];
  classCount: number;
}

const wild = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0.25, 0.5, 1) },
  { weight: 3, arbitrary: fc.float({ min: 0, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 3e38) },
);

const rows: fc.Arbitrary<Rows> = fc
  .record({ rowCount: fc.integer({ min: 0, max: 6 }), classCount: fc.integer({ min: 1, max: 4 }) })
  .chain(({ rowCount, classCount }) => {
    const length = { minLength: rowCount * classCount, maxLength: rowCount * classCount };
    const constant = wild.map((value) => new Array<number>(length.minLength).fill(value));
    return fc.record({
      probabilities: fc.oneof(fc.array(wild, length), constant).map((values) => Float32Array.from(values)),
      labels: fc.array(
        fc.oneof(
          { weight: 40, arbitrary: fc.nat(classCount - 1) },
          { weight: 1, arbitrary: fc.constantFrom(-1, classCount, 0.5, Number.NaN) },
        ),
        { minLength: rowCount, maxLength: rowCount },
      ),
      classCount: fc.constant(classCount),
    });
  });

const options = { seed: 1, resampleCount: 8 };
const pause = async () => {};
const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
const typed = (labels: number[]) => Int32Array.from(labels);

/** A call of each function, with rows and a further number. */
const calls: Record<string, (rows: Rows, value: number) => unknown> = {
  argmax: ({ probabilities, classCount }) => evaluation.argmax(probabilities, 0, classCount),
  auditLabels: ({ probabilities, labels, classCount }) =>
    evaluation.auditLabels(probabilities, { paths: namesOf(labels.length), labels }, namesOf(classCount), pause),
  balancedLogLoss: ({ probabilities, labels, classCount }) =>
    evaluation.balancedLogLoss(probabilities, labels, classCount),
  bootstrapIntervals: ({ probabilities, labels, classCount }) =>
    evaluation.bootstrapIntervals(probabilities, labels, classCount, options),
  bootstrapLossDifference: ({ probabilities, labels, classCount }) =>
    evaluation.bootstrapLossDifference(probabilities, probabilities, labels, classCount, options),
  compareClassifiers: ({ probabilities, labels, classCount }) =>
    evaluation.compareClassifiers(probabilities, probabilities.toReversed(), typed(labels), classCount),
  comparePairs: ({ probabilities, labels, classCount }) =>
    evaluation.comparePairs([probabilities, probabilities], labels, classCount),
  compareStackers: ({ probabilities, labels, classCount }) =>
    evaluation.compareStackers([probabilities], { name: 'one', probabilities }, typed(labels), classCount),
  conformalThreshold: ({ probabilities, labels, classCount }) =>
    evaluation.conformalThreshold(probabilities, labels, classCount, 0.9),
  coverageCurve: ({ probabilities, labels, classCount }) => evaluation.coverageCurve(probabilities, labels, classCount),
  findLabelIssues: (all) => evaluation.findLabelIssues(all),
  findMistakes: ({ probabilities, labels, classCount }) =>
    evaluation.findMistakes(probabilities, { paths: namesOf(labels.length), labels }, namesOf(classCount), 5),
  gatherOutOfFold: ({ probabilities, labels, classCount }) =>
    evaluation.gatherOutOfFold(
      [{ name: 'fold-1', indices: Uint32Array.from(labels.keys()), logits: probabilities }],
      classCount,
    ),
  holm: ({ probabilities }) => evaluation.holm([...probabilities]),
  logLossOf: (_, value) => evaluation.logLossOf(value),
  lowestLogLoss: ({ probabilities }) =>
    evaluation.lowestLogLoss(Array.from(probabilities, (logLoss) => ({ logLoss }) as evaluation.OutOfFoldScore)),
  majorityShare: ({ labels, classCount }) => evaluation.majorityShare(labels, classCount),
  marginalGains: ({ probabilities, labels, classCount }) =>
    evaluation.marginalGains([probabilities, probabilities], labels, classCount),
  measureCalibration: ({ probabilities, labels, classCount }) =>
    evaluation.measureCalibration(probabilities, labels, classCount),
  measureSelection: ({ probabilities, labels, classCount }, value) =>
    evaluation.measureSelection(probabilities, labels, classCount, value),
  measureSets: ({ probabilities, labels, classCount }, value) =>
    evaluation.measureSets(probabilities, labels, classCount, value),
  predictByNeighborsWithPauses: ({ probabilities, labels, classCount }) => {
    const images = { features: probabilities, width: classCount, labels };
    return evaluation.predictByNeighborsWithPauses(images, { neighborCount: 3, classCount }, pause);
  },
  predictionSet: ({ probabilities }, value) => evaluation.predictionSet(probabilities, value),
  scoreOverSeeds: ({ probabilities }, value) =>
    evaluation.scoreOverSeeds([probabilities, [value]], { sameImages: false, seed: 1, pause }),
  scoreProbabilities: ({ probabilities, labels, classCount }) =>
    evaluation.scoreProbabilities(probabilities, labels, namesOf(classCount)),
  scoreWithPauses: ({ probabilities, labels, classCount }) =>
    evaluation.scoreWithPauses(probabilities, labels, namesOf(classCount), pause),
  thresholdCurve: ({ probabilities, labels }) =>
    evaluation.thresholdCurve(
      probabilities.subarray(0, labels.length),
      labels.map((label) => label === 0),
    ),
  thresholdForAccuracy: ({ probabilities, labels, classCount }) =>
    evaluation.thresholdForAccuracy(probabilities, labels, classCount, 0.75),
  thresholdForShare: ({ probabilities, classCount }) => evaluation.thresholdForShare(probabilities, classCount, 0.75),
  wilson95: ({ labels }, value) => evaluation.wilson95(value, labels.length),
};

/** These take no numbers from a model: schemas, and a text. */
const others = ['labelIssueSchema', 'mcnemarSchema', 'mistakeSchema', 'outOfFoldScoreSchema', 'scoreSchema', 'verdict'];

it('calls every export', () => {
  expect([...Object.keys(calls), ...others].toSorted()).toEqual(Object.keys(evaluation).toSorted());
});

/** The numbers in a value, those of a documented infinity left out: the threshold at which no image counts. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'threshold' && inner === Number.POSITIVE_INFINITY ? [] : numbersIn(inner),
  );
}

it.each(Object.keys(calls))(
  '45: %s ends with finite numbers, or an error that names the row and the value',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(rows, wild, async (input, value) => {
        let result: unknown;
        try {
          result = await calls[name]!(input, value);
        } catch (error) {
          // Neither a TypeError nor a RangeError of JavaScript.
          expect((error as Error).constructor).toBe(Error);
          expect((error as Error).message).toMatch(/^expected .*received /);
          if (/received (NaN|-?Infinity)/.test((error as Error).message) && input.labels.length > 1)
            expect((error as Error).message).toMatch(/ row \d+|threshold|probability|expected a count/);
          return;
        }
        expect(numbersIn(result).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 300 },
    );
  },
);

const broken = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const readingAll = Object.keys(calls).filter(
  (name) => !['argmax', 'logLossOf', 'majorityShare', 'wilson95'].includes(name),
);

it.each(readingAll)('45: %s refuses each number that is not finite', async (name) => {
  for (const value of broken)
    for (const place of [0, 2]) {
      const probabilities = Float32Array.of(0.5, 0.5, 0.25, 0.75);
      probabilities[place] = value;
      const call = async () => calls[name]!({ probabilities, labels: [0, 1], classCount: 2 }, 0.5);
      // thresholdCurve and scoreOverSeeds read a column.
      if (name === 'thresholdCurve' && place > 1) continue;
      await expect(call()).rejects.toThrow(String(value));
    }
});
