/**
 * All choices that are made before any test image is read. The stackers are fitted on out-of-fold predictions of the members
 * (except with the flaw `training-images`), and the same predictions determine the chosen stacker and the best member.
 */
import { stratifiedFolds } from '@chorus/data';
import { balancedLogLoss, lowestLogLoss, type OutOfFoldScore, scoreWithPauses } from '@chorus/evaluation';
import {
  balancedRowWeights,
  type LossCurve,
  type MemberFeatures,
  type Stacker,
  type StackerKind,
  type StackerOptions,
  stackerFromJson,
  toProbabilities,
} from '@chorus/models';
import type { StopFlag } from '@chorus/training';
import { predictInSlices, Slices } from '../run/slices.ts';
import { chooseStacker } from './choose-stacker.ts';
import type { FitTask } from './fit-task.ts';
import { lossesOf, surpriseOf } from './paired-losses.ts';
import { placeRows } from './rows.ts';
import { runFits } from './run-fits.ts';

export interface Choice {
  /** In the order of the experiment's kinds, each fitted on all rows. */
  stackers: {
    kind: StackerKind;
    stacker: Stacker;
    outOfFold: OutOfFoldScore;
    /** Of a fit in epochs. */
    curve?: LossCurve | undefined;
  }[];
  /** As `chooseStacker` chooses: by cross-validated log loss, or balanced log loss. */
  chosen: StackerKind;
  /** Cross-validated probabilities of the chosen stacker [images, classes]. */
  chosenOutOfFold: Float32Array;
  /** Out-of-fold probabilities of the members [images, classes], in the given order. */
  memberOutOfFold: Float32Array[];
  /** Out-of-fold scores of the members, in the given order. */
  members: OutOfFoldScore[];
  /** Index of the member with the lowest log loss (or balanced log loss), which separates members better than accuracy on a few hundred images. */
  bestMember: number;
  /** Stackers whose fit did not converge, one line each. */
  notes: string[];
}

/** Number of folds; each kind is fitted once without each fold, and once on all rows. */
export const stackerFoldCount = 5;

export interface ChooseOptions {
  kinds: readonly StackerKind[];
  /** By kind. */
  options?: StackerOptions;
  /** Fits and chooses by losses in which every class counts equally, whatever its number of images. */
  balancesClasses?: boolean;
  /** Pooled features of the images, in shared memory, for the kind that reads them. */
  features?: MemberFeatures;
  classes: readonly string[];
  seed: number;
  /** Checked within every fit. */
  stop: StopFlag;
  /** Called after each fit. */
  onProgress(done: number, total: number): void;
}

/**
 * Fits every kind of stacker in worker threads and chooses one.
 *
 * @param logits per member, in config order: [images, outputs].
 * @param labels class of each image.
 * @throws ModelError as `fitStacker`; StoppedError once a stop is requested.
 */
export async function fitAndChoose(
  logits: readonly Float32Array[],
  labels: Int32Array,
  { kinds, classes, seed, options, balancesClasses = false, features, stop, onProgress }: ChooseOptions,
): Promise<Choice> {
  const classCount = classes.length;
  const slices = new Slices(stop);
  const score = async (probabilities: Float32Array): Promise<OutOfFoldScore> => {
    const pause = () => slices.pause();
    const { accuracy, logLoss } = await scoreWithPauses(probabilities, labels, classes, pause);
    if (!balancesClasses) return { accuracy, logLoss };
    return { accuracy, logLoss, balancedLogLoss: await balancedLogLoss(probabilities, labels, classCount, pause) };
  };
  const rows = { rowCount: labels.length, classCount };
  const memberOutOfFold: Float32Array[] = [];
  for (const one of logits)
    memberOutOfFold.push(await predictInSlices([one], rows, ([some]) => toProbabilities(some!, classCount), slices));
  const members: OutOfFoldScore[] = [];
  for (const one of memberOutOfFold) members.push(await score(one));
  const bestMember = lowestLogLoss(members);

  const folds = stratifiedFolds(labels, stackerFoldCount, seed).map((held) => Uint32Array.from(held));
  const shared = logits.map(inSharedMemory);
  // The fit on all rows comes first, since it takes the longest.
  const tasks = kinds.flatMap((kind) =>
    [new Uint32Array(), ...folds].map((outOfFold): FitTask => {
      const common = { kind, logits: shared, labels, outOfFold, classCount, seed, options };
      const task = { ...common, balancesClasses, stop: stop.shared };
      return kind === 'features' ? { ...task, features } : task;
    }),
  );
  const results = await runFits(tasks, onProgress);
  const resultsOf = (index: number) => results.slice(index * (1 + folds.length), (index + 1) * (1 + folds.length));
  const outOfFoldOf = (index: number) => {
    const outOfFold = new Float32Array(labels.length * classCount);
    for (const [fold, { probabilities }] of resultsOf(index).slice(1).entries())
      placeRows(outOfFold, folds[fold]!, probabilities, classCount);
    return outOfFold;
  };
  const stackers: Choice['stackers'] = [];
  for (const [index, kind] of kinds.entries()) {
    const [whole] = resultsOf(index);
    const { state, curve } = whole!;
    stackers.push({ kind, stacker: stackerFromJson(state), outOfFold: await score(outOfFoldOf(index)), curve });
  }
  const weights = balancesClasses ? balancedRowWeights(labels) : undefined;
  const chosen = chooseStacker(
    kinds,
    stackers.map(({ outOfFold }) => outOfFold),
    (index) => {
      const outOfFold = outOfFoldOf(index);
      return {
        images: lossesOf(outOfFold, { labels, weights }, classCount),
        surprise: surpriseOf(outOfFold, classCount),
      };
    },
    classCount,
  );
  return {
    stackers,
    chosen: stackers[chosen]!.kind,
    // Gathered again: keeping those of every stacker would take gigabytes with many images and classes.
    chosenOutOfFold: outOfFoldOf(chosen),
    memberOutOfFold,
    members,
    bestMember,
    notes: kinds
      .filter((_, index) => resultsOf(index).some(({ hasConverged }) => !hasConverged))
      .map(
        (kind) => `the fit of the stacker "${kind}" has not converged; it uses the best coefficients that were found`,
      ),
  };
}

// --- internal ---

function inSharedMemory(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
