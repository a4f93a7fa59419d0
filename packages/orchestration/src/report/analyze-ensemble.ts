/** What the report says about an ensemble beyond its accuracy: diversity, calibration, thresholds for doubtful images, intervals. */
import {
  bootstrapIntervals,
  bootstrapLossDifference,
  comparePairs,
  marginalGains,
  measureCalibration,
  measureSelection,
  measureSets,
} from '@chorus/evaluation';
import { type Calibration, calibrate } from '@chorus/models';
import { predictInSlices, type Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import type { CalibrationChoice } from '../stacking/choose-calibration.ts';
import type { LabeledOutputs } from '../stacking/paired-losses.ts';
import type { Thresholds } from '../stacking/thresholds.ts';
import type { TestOutputs } from './build.ts';
import type { EnsembleAnalysis } from './schema.ts';

export interface AnalysisInput {
  choice: Choice;
  calibration: CalibrationChoice;
  thresholds: Thresholds;
  /** Names of the members, in the order of the choice. */
  names: readonly string[];
  /** Class of each image that the stackers were fitted on. */
  labels: Int32Array;
  test: TestOutputs;
  classes: readonly string[];
  seed: number;
}

/**
 * Analyzes an ensemble. All thresholds come from out-of-fold predictions; the test images only measure them.
 *
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function analyzeEnsemble(input: AnalysisInput, slices: Slices): Promise<EnsembleAnalysis> {
  const { choice, calibration, thresholds, names, labels, test, classes, seed } = input;
  const classCount = classes.length;
  const pause = () => slices.pause();
  const outOfFold = { probabilities: calibration.outOfFold, labels };
  const tested = { probabilities: test.ensemble, labels: test.labels };
  const uncalibrated = {
    outOfFold: { probabilities: choice.chosenOutOfFold, labels },
    test: { probabilities: test.stackers.get(choice.chosen)!, labels: test.labels },
  };
  const gains = await marginalGains(choice.memberOutOfFold, labels, classCount, pause);
  const pairs = await comparePairs(choice.memberOutOfFold, labels, classCount, pause);
  const best = test.members.get(names[choice.bestMember]!)!;
  const bootstrap = { seed, pause };
  return {
    images: { outOfFold: labels.length, test: test.labels.length },
    members: names.map((name, index) => ({ name, gain: gains[index]! })),
    pairs: pairs.map(({ members: [a, b], ...shares }) => ({ members: [names[a]!, names[b]!], ...shares })),
    calibration: await calibrationSection(calibration, uncalibrated, tested, classCount, slices),
    predictionSets: await predictionSets(thresholds, tested, classCount, slices),
    ...(await answers(thresholds, outOfFold, tested, classCount, slices)),
    intervals: await bootstrapIntervals(tested.probabilities, tested.labels, classCount, bootstrap),
    logLossAgainstBestMember: await bootstrapLossDifference(
      ...([tested.probabilities, best, tested.labels, classCount, bootstrap] as const),
    ),
  };
}

// --- internal ---

/** @param tested the ensemble's probabilities for the test images, calibrated if it is. */
async function calibrationSection(
  { applied, reason, fitted, logLoss }: CalibrationChoice,
  uncalibrated: { outOfFold: LabeledOutputs; test: LabeledOutputs },
  tested: LabeledOutputs,
  classCount: number,
  slices: Slices,
): Promise<EnsembleAnalysis['calibration']> {
  const measure = ({ probabilities, labels }: LabeledOutputs) =>
    measureCalibration(probabilities, labels, classCount, () => slices.pause());
  const scoresBy = async (calibration: Calibration | null, { probabilities, labels }: LabeledOutputs) => {
    const rows = { rowCount: labels.length, classCount };
    const calibrated = await predictInSlices(
      [probabilities],
      rows,
      ([some]) => calibrate(some!, calibration, classCount),
      slices,
    );
    const { bins: _, ...scores } = await measure({ probabilities: calibrated, labels });
    return scores;
  };
  const steps = async (images: LabeledOutputs) => ({
    before: await scoresBy(null, images),
    after: await scoresBy(fitted.temperature, images),
    vector: fitted.vector === undefined ? null : await scoresBy(fitted.vector, images),
  });
  return {
    applied: applied?.kind ?? 'none',
    reason,
    crossValidated: logLoss,
    temperature: fitted.temperature.temperature,
    outOfFold: await steps(uncalibrated.outOfFold),
    test: await steps(uncalibrated.test),
    bins: (await measure(uncalibrated.test)).bins,
    calibratedBins: applied === null ? null : (await measure(tested)).bins,
  };
}

async function predictionSets(
  { sets }: Thresholds,
  { probabilities, labels }: LabeledOutputs,
  classCount: number,
  slices: Slices,
): Promise<EnsembleAnalysis['predictionSets']> {
  const measured: EnsembleAnalysis['predictionSets'] = [];
  for (const { coverage, threshold } of sets) {
    measured.push({ wanted: coverage, threshold, test: measureSets(probabilities, labels, classCount, threshold) });
    await slices.pause();
  }
  return measured;
}

async function answers(
  { answers: all, shares }: Thresholds,
  outOfFold: LabeledOutputs,
  tested: LabeledOutputs,
  classCount: number,
  slices: Slices,
): Promise<Pick<EnsembleAnalysis, 'answers' | 'answeredShares'>> {
  const measureOn = async ({ probabilities, labels }: LabeledOutputs, threshold: number) => {
    const { coverage, accuracy } = measureSelection(probabilities, labels, classCount, threshold);
    await slices.pause();
    return { coverage, accuracy };
  };
  const measure = async (threshold: number) => ({
    ...{ outOfFold: await measureOn(outOfFold, threshold), test: await measureOn(tested, threshold) },
  });
  const byAccuracy: EnsembleAnalysis['answers'] = [];
  for (const { accuracy, threshold } of all)
    byAccuracy.push({
      ...{ wanted: accuracy, threshold },
      ...(threshold === null ? { outOfFold: null, test: null } : await measure(threshold)),
    });
  const byShare: EnsembleAnalysis['answeredShares'] = [];
  for (const { share, threshold } of shares)
    byShare.push({ ...{ wanted: share, threshold }, ...(await measure(threshold)) });
  return { answers: byAccuracy, answeredShares: byShare };
}
