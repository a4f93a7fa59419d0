import { measureCalibration } from '@chorus/evaluation';
import { calibrate } from '@chorus/models';
import { StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import type { CalibrationSetting } from '../experiment/calibration.ts';
import { Slices } from '../run/slices.ts';
import { fitAndChoose } from '../stacking/choose.ts';
import { chooseCalibration } from '../stacking/choose-calibration.ts';
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

async function input(setting: CalibrationSetting = 'auto', count = 280): Promise<AnalysisInput> {
  const labels = labelsOf(count);
  const logits = [logitsOf(count, 5), logitsOf(count, 7)];
  const stop = new StopFlag();
  const choice = await fitAndChoose(logits, labels, {
    ...{ kinds: ['mean', 'logistic'], classes, seed: 1, stop },
    onProgress() {},
  });
  const calibration = await chooseCalibration(
    { probabilities: choice.chosenOutOfFold, labels },
    { setting, classCount: classes.length, seed: 1, slices: new Slices() },
  );
  const outOfFold = { probabilities: calibration.outOfFold, labels };
  const thresholds = await findThresholds(outOfFold, classes.length, new Slices());
  const stackers = new Map(choice.stackers.map(({ kind, stacker }) => [kind, stacker.predict(logits)]));
  return {
    ...{ choice, calibration, thresholds, names: ['one', 'two'], labels, classes, seed: 1 },
    test: {
      paths: Array.from(labels, (_, row) => `${row}.jpg`),
      labels,
      members: new Map([
        ['one', choice.memberOutOfFold[0]!],
        ['two', choice.memberOutOfFold[1]!],
      ]),
      stackers,
      ensemble: calibrate(stackers.get(choice.chosen)!, calibration.applied, classes.length),
    },
  };
}

describe('analyzeEnsemble', () => {
  it('describes members, calibration and thresholds', async () => {
    const given = await input();
    const found = await analyzeEnsemble(given, new Slices());
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
    for (const { wanted, outOfFold: known } of found.answeredShares) {
      expect(known.coverage).toBeGreaterThanOrEqual(wanted);
      expect(known.accuracy).not.toBeNull();
    }
    expect(found.answeredShares.map(({ wanted }) => wanted)).toEqual(given.thresholds.shares.map(({ share }) => share));
    const [low, high] = found.intervals.logLoss!;
    expect(low).toBeLessThan(test.before.logLoss);
    expect(high).toBeGreaterThan(test.before.logLoss);
    expect(found.logLossAgainstBestMember!.difference).toBeLessThan(0);
  });

  it('measures the calibration that is applied, and the others', async () => {
    const given = await input('vector');
    const { calibration, predictionSets } = await analyzeEnsemble(given, new Slices());
    expect(calibration).toMatchObject({ applied: 'vector', reason: 'set by the experiment' });
    expect(calibration.crossValidated).toEqual(given.calibration.logLoss);
    const uncalibrated = given.test.stackers.get(given.choice.chosen)!;
    const scoreOf = async (probabilities: Float32Array) => {
      const { bins, ...scores } = await measureCalibration(probabilities, given.labels, 2);
      return { bins, scores };
    };
    expect(calibration.test.before).toEqual((await scoreOf(uncalibrated)).scores);
    expect(calibration.bins).toEqual((await scoreOf(uncalibrated)).bins);
    expect(calibration.test.vector).toEqual((await scoreOf(given.test.ensemble)).scores);
    expect(calibration.calibratedBins).toEqual((await scoreOf(given.test.ensemble)).bins);
    expect(given.test.ensemble).not.toEqual(uncalibrated);
    expect(predictionSets[0]!.threshold).toBe(given.thresholds.sets[0]!.threshold);
    const none = await analyzeEnsemble(await input('none'), new Slices());
    expect(none.calibration).toMatchObject({ applied: 'none', calibratedBins: null });
    expect(none.calibration.test).toEqual(calibration.test);
    // The thresholds are those of the calibrated probabilities.
    expect(none.predictionSets[0]!.threshold).not.toBe(predictionSets[0]!.threshold);
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
