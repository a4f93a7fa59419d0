/** Stackers: what turns the members' outputs into the ensemble's. They see numbers, never images. */
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { type DenseFitOptions, denseFitDefaults, denseWeightCount, fitDense, predictDense } from './dense.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';
import { predictMean } from './mean.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';

export const stackerKinds = ['mean', 'dense', 'logistic'] as const;
export type StackerKind = (typeof stackerKinds)[number];

const size = { memberCount: z.int().min(1).max(1000), classCount: z.int().min(2).max(100_000) };
const numbers = z.array(z.number()).max(10_000_000);

/** A fitted stacker as plain JSON. */
export const stackerJsonSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('mean'), ...size }),
    z.strictObject({ kind: z.literal('dense'), ...size, weights: numbers }),
    z.strictObject({ kind: z.literal('logistic'), ...size, coefficients: numbers }),
  ])
  .refine(
    (json) => json.kind !== 'dense' || json.weights.length === denseWeightCount(json.memberCount, json.classCount),
    'as many weights as its members and classes need',
  )
  .refine(
    (json) =>
      json.kind !== 'logistic' ||
      json.coefficients.length === (json.memberCount + 1) * outputsPerImage(json.classCount),
    'as many coefficients as its members and classes need',
  );
export type StackerJson = z.output<typeof stackerJsonSchema>;

export interface Stacker {
  readonly kind: StackerKind;
  /**
   * @param logits per member, in the order of the fit: [N] for two classes (of the second), else [N, classCount].
   * @returns probabilities [N, classCount], each row summing to 1.
   * @throws ModelError when the outputs are not of as many members, or not of one length, or not finite.
   */
  predict(logits: MemberOutputs): Float32Array;
  toJSON(): StackerJson;
}

export interface FitOptions {
  classCount: number;
  seed: number;
  /** How the kind of that name trains; the others leave it alone. */
  dense?: DenseFitOptions | undefined;
  /** Called at least every few hundred rows; what it throws ends the fit. */
  onStep?: (() => void) | undefined;
}

/**
 * Fits a stacker on outputs for images that no member was trained on; the same numbers and seed give the same stacker.
 * (The article fits its own, `dense`, on those that all of them were; that is for the caller to decide.)
 *
 * @param logits per member: [N] for two classes (of the second), else [N, classCount].
 * @param labels class of each image, 0 to classCount − 1.
 * @throws ModelError as {@link Stacker.predict}, when labels and outputs are not of as many images, and for options of
 * `dense` that cannot be or leave it nothing to learn from.
 */
export function fitStacker(
  kind: StackerKind,
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, seed, dense = denseFitDefaults, onStep = () => {} }: FitOptions,
): Stacker {
  const memberCount = logits.length;
  checkLabels(labels, countRows(logits, memberCount, classCount), classCount);
  switch (kind) {
    case 'mean':
      return stackerFrom({ kind, memberCount, classCount });
    case 'dense':
      return stackerFrom({ kind, ...fitDense(logits, labels, { classCount, seed, dense, onStep }) });
    case 'logistic':
      return stackerFrom({ kind, ...fitLogistic(logits, labels, { classCount, onStep }) });
  }
}

/** @throws ModelError when it is not what {@link Stacker.toJSON} gave. */
export function stackerFromJson(json: unknown): Stacker {
  const parsed = stackerJsonSchema.safeParse(json);
  if (!parsed.success) throw new ModelError(`Expected a stacker: ${z.prettifyError(parsed.error)}`);
  return stackerFrom(parsed.data);
}

// --- internal ---

function stackerFrom(json: StackerJson): Stacker {
  return { kind: json.kind, predict: (logits) => predict(json, logits), toJSON: () => json };
}

function predict(json: StackerJson, logits: MemberOutputs): Float32Array {
  switch (json.kind) {
    case 'mean':
      return predictMean(json, logits);
    case 'dense':
      return predictDense(json, logits);
    case 'logistic':
      return predictLogistic(json, logits);
  }
}

function checkLabels(labels: ArrayLike<number>, rowCount: number, classCount: number): void {
  if (labels.length !== rowCount)
    throw new ModelError(`Expected a label for each of ${rowCount} images, received ${labels.length}.`);
  const wrong = Array.from(labels).findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classCount);
  if (wrong !== -1)
    throw new ModelError(`Expected labels from 0 to ${classCount - 1}, received ${labels[wrong]} at index ${wrong}.`);
}
