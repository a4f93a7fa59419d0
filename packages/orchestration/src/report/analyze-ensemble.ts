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
  scoreProbabilities,
} from '@chorus/evaluation';
import type { Slices } from '../run/slices.ts';
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
  const outOfFold = { probabilities: choice.chosenOutOfFold, labels };
  const tested = { probabilities: test.stackers.get(choice.chosen)!, labels: test.labels };
  const temperature = fitTemperature(outOfFold.probabilities, labels, classes.length);
  await slices.pause();
  const gains = marginalGains(choice.memberOutOfFold, labels, classes);
  const bootstrap = { seed, pause: () => slices.pause() };
  const best = test.members.get(names[choice.bestMember]!)!;
  return {
    images: { outOfFold: labels.length, test: test.labels.length },
    members: names.map((name, index) => ({ name, gain: gains[index]! })),
    pairs: comparePairs(choice.memberOutOfFold, labels, classes.length).map(({ members: [a, b], ...shares }) => ({
      members: [names[a]!, names[b]!],
      ...shares,
    })),
    calibration: {
      temperature,
      outOfFold: calibrationSteps(outOfFold, temperature, classes),
      test: calibrationSteps(tested, temperature, classes),
      bins: measureCalibration(tested.probabilities, tested.labels, classes.length).bins,
    },
    predictionSets: thresholds.sets.map(({ coverage, threshold }) => ({
      ...{ wanted: coverage, threshold },
      test: measureSets(tested.probabilities, tested.labels, classes.length, threshold),
    })),
    answers: thresholds.answers.map(({ accuracy, threshold }) => ({
      ...{ wanted: accuracy, threshold },
      outOfFold: threshold === null ? null : answered(outOfFold, threshold, classes.length),
      test: threshold === null ? null : answered(tested, threshold, classes.length),
    })),
    intervals: await bootstrapIntervals(tested.probabilities, tested.labels, classes.length, bootstrap),
    logLossAgainstBestMember: await bootstrapLossDifference(
      ...([tested.probabilities, best, tested.labels, classes.length, bootstrap] as const),
    ),
  };
}

// --- internal ---

function calibrationSteps({ probabilities, labels }: LabeledOutputs, temperature: number, classes: readonly string[]) {
  const measure = (some: Float32Array) => {
    const { brier, logLoss } = scoreProbabilities(some, labels, classes);
    return { error: measureCalibration(some, labels, classes.length).error, brier, logLoss };
  };
  return { before: measure(probabilities), after: measure(atTemperature(probabilities, temperature, classes.length)) };
}

function answered({ probabilities, labels }: LabeledOutputs, threshold: number, classCount: number) {
  const { coverage, accuracy } = measureSelection(probabilities, labels, classCount, threshold);
  return { coverage, accuracy };
}
