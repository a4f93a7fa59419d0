import { StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { Slices } from '../run/slices.ts';
import { fitAndChoose } from '../stacking/choose.ts';
import { findThresholds } from '../stacking/thresholds.ts';
import { type AnalysisInput, analyzeEnsemble } from './analyze-ensemble.ts';

const classes = ['a', 'b'];
const labelsOf = (count: number) => Int32Array.from({ length: count }, (_, row) => row % 2);

/** Logits of a member that is right except where `row % period` is 0, with different confidence. */
const logitsOf = (count: number, period: number) =>
  Float32Array.from(labelsOf(count), (label, row) => {
    const right = row % period === 0 ? -1 : 1;
    return right * (2 * label - 1) * (1 + (row % 7) / 2);
  });

async function input(count = 280): Promise<AnalysisInput> {
  const labels = labelsOf(count);
  const logits = [logitsOf(count, 5), logitsOf(count, 7)];
  const stop = new StopFlag();
  const choice = await fitAndChoose(logits, labels, {
    ...{ kinds: ['mean', 'logistic'], classes, seed: 1, stop },
    onProgress() {},
  });
  const outOfFold = { probabilities: choice.chosenOutOfFold, labels };
  const thresholds = await findThresholds(outOfFold, classes.length, new Slices());
  return {
    ...{ choice, thresholds, names: ['one', 'two'], labels, classes, seed: 1 },
    test: {
      paths: Array.from(labels, (_, row) => `${row}.jpg`),
      labels,
      members: new Map([
        ['one', choice.memberOutOfFold[0]!],
        ['two', choice.memberOutOfFold[1]!],
      ]),
      stackers: new Map(choice.stackers.map(({ kind, stacker }) => [kind, stacker.predict(logits)])),
    },
  };
}

describe('analyzeEnsemble', () => {
  it('describes members, calibration and thresholds', async () => {
    const found = await analyzeEnsemble(await input(), new Slices());
    // The second is wrong less often; both are wrong in one of 35 rows.
    expect(found.members.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(found.images).toEqual({ outOfFold: 280, test: 280 });
    expect(found.members[1]!.gain).toBeGreaterThan(found.members[0]!.gain);
    expect(found.pairs).toEqual([{ members: ['one', 'two'], disagreement: 80 / 280, doubleFault: 8 / 280 }]);
    const { temperature, outOfFold, test, bins } = found.calibration;
    expect(temperature).toBeGreaterThan(0);
    expect(outOfFold.after.logLoss).toBeLessThanOrEqual(outOfFold.before.logLoss);
    expect(test.before.error).toBeGreaterThanOrEqual(0);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(280);
    expect(found.predictionSets.map(({ wanted }) => wanted)).toEqual([0.9, 0.95, 0.99]);
    for (const { wanted, test: sets } of found.predictionSets) expect(sets.coverage!).toBeGreaterThan(wanted - 0.05);
    for (const { wanted, outOfFold: known } of found.answers)
      if (known !== null) expect(known.accuracy!).toBeGreaterThanOrEqual(wanted);
    const [low, high] = found.intervals.logLoss!;
    expect(low).toBeLessThan(test.before.logLoss);
    expect(high).toBeGreaterThan(test.before.logLoss);
    expect(found.logLossAgainstBestMember!.difference).toBeLessThan(0);
  });

  it('gives the same numbers for the same seed', async () => {
    const given = await input();
    expect(await analyzeEnsemble(given, new Slices())).toEqual(await analyzeEnsemble(given, new Slices()));
  });

  it('stops once a stop is requested', async () => {
    const stop = new StopFlag();
    stop.raise();
    await expect(analyzeEnsemble(await input(), new Slices(stop))).rejects.toThrow(StoppedError);
  });
});
