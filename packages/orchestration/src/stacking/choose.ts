/**
 * Everything that is decided before any test image is read: the stackers are fitted on the members' answers to images that
 * these have not learnt from (but for the flaw `training-images`), and the best member and the chosen stacker are picked
 * there too.
 */
import { stratifiedFolds } from '@chorus/data';
import { type DenseFitOptions, fitStacker, type Stacker, type StackerKind, toProbabilities } from '@chorus/models';
import { scoreProbabilities } from '../statistics/score.ts';

export interface HeldOutScore {
  accuracy: number;
  logLoss: number;
}

export interface Choice {
  /** In the order of the experiment's kinds, each fitted on all of these images. */
  stackers: { kind: StackerKind; stacker: Stacker; heldOut: HeldOutScore }[];
  /** The stacker with the lowest cross-validated log-loss. */
  chosen: StackerKind;
  /** Scores of the members there, in the order given. */
  members: HeldOutScore[];
  /** Index of the member with the lowest log-loss: on a few hundred images it tells more than accuracy. */
  bestMember: number;
}

/** Each kind is fitted once for each of these, without its rows, and once on all. */
export const stackerFoldCount = 5;

/**
 * Fits every kind of stacker and decides.
 *
 * @param logits per member, in config order: [images, outputs].
 * @param labels class of each image.
 */
export function fitAndChoose(
  logits: readonly Float32Array[],
  labels: Int32Array,
  options: { kinds: readonly StackerKind[]; dense?: DenseFitOptions; classes: readonly string[]; seed: number },
): Choice {
  const { kinds, classes, seed, dense } = options;
  const classCount = classes.length;
  const score = (probabilities: Float32Array): HeldOutScore => {
    const { accuracy, logLoss } = scoreProbabilities(probabilities, labels, classes);
    return { accuracy, logLoss };
  };
  const members = logits.map((one) => score(toProbabilities(one, classCount)));
  const bestMember = members.reduce((best, one, index) => (one.logLoss < members[best]!.logLoss ? index : best), 0);

  const folds = stratifiedFolds(labels, stackerFoldCount, seed).map((held) => {
    const isHeld = new Set(held);
    const others = Array.from(labels.keys()).filter((row) => !isHeld.has(row));
    return {
      held,
      heldLogits: rowsOf(logits, held, labels.length),
      otherLogits: rowsOf(logits, others, labels.length),
      otherLabels: others.map((row) => labels[row]!),
    };
  });
  const fitOptions = { classCount, seed, ...(dense === undefined ? {} : { dense }) };
  const stackers = kinds.map((kind) => {
    const outOfFold = new Float32Array(labels.length * classCount);
    for (const { held, heldLogits, otherLogits, otherLabels } of folds) {
      const probabilities = fitStacker(kind, otherLogits, otherLabels, fitOptions).predict(heldLogits);
      for (const [position, row] of held.entries())
        outOfFold.set(probabilities.subarray(position * classCount, (position + 1) * classCount), row * classCount);
    }
    return { kind, stacker: fitStacker(kind, logits, labels, fitOptions), heldOut: score(outOfFold) };
  });
  const chosen = stackers.reduce((best, one) => (one.heldOut.logLoss < best.heldOut.logLoss ? one : best)).kind;
  return { stackers, chosen, members, bestMember };
}

// --- internal ---

function rowsOf(logits: readonly Float32Array[], rows: readonly number[], rowCount: number): Float32Array[] {
  return logits.map((one) => {
    const width = one.length / rowCount;
    const picked = new Float32Array(rows.length * width);
    for (const [position, row] of rows.entries())
      picked.set(one.subarray(row * width, (row + 1) * width), position * width);
    return picked;
  });
}
