/** What the report says about an ensemble beyond its accuracy: diversity, calibration, thresholds for doubtful images, intervals. */
import {
  atTemperature,
  bootstrapIntervals,
  bootstrapLossDifference,
  comparePairs,
  fitTemperature,
  marginalGains,
  measureCalibration,
  measureSelection,
  measureSets,
} from '@chorus/evaluation';
import { predictInSlices, type Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import type { Thresholds } from '../stacking/thresholds.ts';
import type { TestOutputs } from './build.ts';
import type { EnsembleAnalysis } from './schema.ts';

/** Images with known classes. */
interface LabeledOutputs {
  /** [images, classes] */
  probabilities: Float32Array;
  labels: Int32Array;
}

export interface AnalysisInput {
  choice: Choice;
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
  const { choice, thresholds, names, labels, test, classes, seed } = input;
  const classCount = classes.length;
  const pause = () => slices.pause();
  const outOfFold = { probabilities: choice.chosenOutOfFold, labels };
  const tested = { probabilities: test.stackers.get(choice.chosen)!, labels: test.labels };
  const temperature = await fitTemperature(outOfFold.probabilities, labels, classCount, pause);
  const gains = await marginalGains(choice.memberOutOfFold, labels, classCount, pause);
  const pairs = await comparePairs(choice.memberOutOfFold, labels, classCount, pause);
  const best = test.members.get(names[choice.bestMember]!)!;
  const bootstrap = { seed, pause };
  return {
    images: { outOfFold: labels.length, test: test.labels.length },
    members: names.map((name, index) => ({ name, gain: gains[index]! })),
    pairs: pairs.map(({ members: [a, b], ...shares }) => ({ members: [names[a]!, names[b]!], ...shares })),
    calibration: await calibrationSection(outOfFold, tested, temperature, classCount, slices),
    predictionSets: await predictionSets(thresholds, tested, classCount, slices),
    answers: await answers(thresholds, outOfFold, tested, classCount, slices),
    intervals: await bootstrapIntervals(tested.probabilities, tested.labels, classCount, bootstrap),
    logLossAgainstBestMember: await bootstrapLossDifference(
      ...([tested.probabilities, best, tested.labels, classCount, bootstrap] as const),
    ),
  };
}

// --- internal ---

async function calibrationSection(
  outOfFold: LabeledOutputs,
  tested: LabeledOutputs,
  temperature: number,
  classCount: number,
  slices: Slices,
): Promise<EnsembleAnalysis['calibration']> {
  const measure = (probabilities: Float32Array, labels: Int32Array) =>
    measureCalibration(probabilities, labels, classCount, () => slices.pause());
  const steps = async ({ probabilities, labels }: LabeledOutputs) => {
    const scaled = await predictInSlices(
      [probabilities],
      { rowCount: labels.length, classCount },
      ([rows]) => atTemperature(rows!, temperature, classCount),
      slices,
    );
    const { bins, ...before } = await measure(probabilities, labels);
    const { bins: _, ...after } = await measure(scaled, labels);
    return { bins, before, after };
  };
  const { bins: _, ...known } = await steps(outOfFold);
  const { bins, ...unseen } = await steps(tested);
  return { temperature, outOfFold: known, test: unseen, bins };
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
  { answers: all }: Thresholds,
  outOfFold: LabeledOutputs,
  tested: LabeledOutputs,
  classCount: number,
  slices: Slices,
): Promise<EnsembleAnalysis['answers']> {
  const measure = async ({ probabilities, labels }: LabeledOutputs, threshold: number | null) => {
    if (threshold === null) return null;
    const { coverage, accuracy } = measureSelection(probabilities, labels, classCount, threshold);
    await slices.pause();
    return { coverage, accuracy };
  };
  const measured: EnsembleAnalysis['answers'] = [];
  for (const { accuracy, threshold } of all)
    measured.push({
      ...{ wanted: accuracy, threshold },
      ...{ outOfFold: await measure(outOfFold, threshold), test: await measure(tested, threshold) },
    });
  return measured;
}
