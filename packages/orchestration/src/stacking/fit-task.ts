/** One fit of one stacker: the task of a thread, and its result. */
import {
  fitStacker,
  type LossCurve,
  type MemberFeatures,
  type StackerJson,
  type StackerKind,
  type StackerOptions,
} from '@chorus/models/stackers';
import { StoppedError } from '@chorus/training/errors';
import { pickRows } from './rows.ts';

export interface FitTask {
  kind: StackerKind;
  /** Per member [images, outputs], in memory that the threads share. */
  logits: readonly Float32Array[];
  /** Pooled features, also in shared memory; omitted for stackers that do not read them. */
  features?: MemberFeatures | undefined;
  /** Class of each image. */
  labels: Int32Array;
  /** Images that the fit leaves out, ascending; empty for a fit on all images. */
  outOfFold: Uint32Array;
  classCount: number;
  seed: number;
  /** By kind. */
  options?: StackerOptions | undefined;
  /** Whether every class counts equally. */
  balancesClasses?: boolean | undefined;
  /** Int32[1]; any value other than 0 requests a stop. */
  stop: SharedArrayBuffer;
}

export interface FitResult {
  state: StackerJson;
  /** Probabilities of the images that were left out [outOfFold, classCount]. */
  probabilities: Float32Array;
  /** Whether the fit has converged; otherwise this is its best state. */
  hasConverged: boolean;
  /** Of a fit in epochs. */
  curve?: LossCurve | undefined;
}

/**
 * Fits a stacker without the left-out images, and predicts their probabilities.
 *
 * @throws ModelError as `fitStacker`; StoppedError once a stop is requested.
 */
export function runFit({ kind, logits, features, labels, outOfFold, stop, ...task }: FitTask): FitResult {
  const flag = new Int32Array(stop);
  const isOutOfFold = new Set(outOfFold);
  let hasConverged = true;
  let curve: LossCurve | undefined;
  const learning = Uint32Array.from(labels.keys()).filter((row) => !isOutOfFold.has(row));
  const stacker = fitStacker(
    kind,
    rowsOf(logits, learning, labels.length),
    Int32Array.from(learning, (row) => labels[row]!),
    {
      ...task,
      features: featureRowsOf(features, learning, labels.length),
      onStep() {
        if (Atomics.load(flag, 0) !== 0) throw new StoppedError('stopped while fitting a stacker');
      },
      onLimit() {
        hasConverged = false;
      },
      onCurve(found) {
        curve = found;
      },
    },
  );
  const probabilities =
    outOfFold.length === 0
      ? new Float32Array()
      : stacker.predict(rowsOf(logits, outOfFold, labels.length), featureRowsOf(features, outOfFold, labels.length));
  return { state: stacker.toJSON(), probabilities, hasConverged, ...(curve && { curve }) };
}

// --- internal ---

function rowsOf(logits: readonly Float32Array[], rows: Uint32Array, rowCount: number): Float32Array[] {
  return logits.map((one) => pickRows(one, rows, one.length / rowCount));
}

function featureRowsOf(
  features: MemberFeatures | undefined,
  rows: Uint32Array,
  rowCount: number,
): MemberFeatures | undefined {
  if (features === undefined) return undefined;
  const picked = rowsOf([...features.values()], rows, rowCount);
  return new Map([...features.keys()].map((member, position) => [member, picked[position]!]));
}
