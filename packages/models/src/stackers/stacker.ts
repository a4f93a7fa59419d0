/** Stackers combine the members' outputs into the ensemble's probabilities. They never read images. */
import { ModelError } from '../errors.ts';
import { checkValue, mistakesLine } from '../schema/check-value.ts';
import type { LossCurve } from './definition.ts';
import { checkLabels, countRows, type MemberFeatures, type MemberOutputs } from './outputs.ts';
import { balancedRowWeights } from './row-weights.ts';
import { type StackerJson, type StackerKind, type StackerOptions, stackerJsonSchema, stackerTable } from './table.ts';

export interface Stacker {
  readonly kind: StackerKind;
  /** The indices of the members whose pooled features it reads, ascending; empty if it reads logits. */
  readonly featureMembers: readonly number[];
  /**
   * @param logits per member, in the order of the fit: [N] for two classes (of the second), else [N, classCount].
   * @param features of `featureMembers`; others are ignored.
   * @returns probabilities [N, classCount], each row summing to 1.
   * @throws ModelError if the number of members differs from the fit's, their lengths differ, a number is not finite, or features
   * are missing.
   */
  predict(logits: MemberOutputs, features?: MemberFeatures): Float32Array;
  toJSON(): StackerJson;
}

export interface FitOptions {
  classCount: number;
  seed: number;
  /** By kind; the others are ignored. */
  options?: StackerOptions | undefined;
  /** Whether every class counts equally, whatever its number of images, as by {@link balancedRowWeights}. */
  balancesClasses?: boolean | undefined;
  /** Pooled features of the members with frozen backbones, for the stacker that reads them. */
  features?: MemberFeatures | undefined;
  /** Called at least once per pass over the images, which takes milliseconds; an error that it throws ends the fit. */
  onStep?: (() => void) | undefined;
  /** Called if the fit ends before it has converged, with its best state. */
  onLimit?: (() => void) | undefined;
  /** Called at the end of a fit in epochs. */
  onCurve?: ((curve: LossCurve) => void) | undefined;
}

/**
 * Fits a stacker on outputs for images that no member was trained on; the same numbers and seed give the same stacker.
 * (The article fits its stacker, `dense`, on the members' training images; the caller decides.)
 *
 * @param logits per member: [N] for two classes (of the second), else [N, classCount].
 * @param labels class of each image, 0 to classCount − 1.
 * @throws ModelError as {@link Stacker.predict}, if the number of labels differs from that of images, and for options that
 * are invalid or leave nothing to train on.
 */
export function fitStacker(
  kind: StackerKind,
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  {
    classCount,
    seed,
    options = {},
    balancesClasses = false,
    features = none,
    onStep = () => {},
    onLimit = () => {},
    onCurve = () => {},
  }: FitOptions,
): Stacker {
  checkLabels(labels, countRows(logits, logits.length, classCount), classCount);
  const rowWeights = balancesClasses ? balancedRowWeights(labels) : new Float64Array(labels.length).fill(1);
  const events = { onStep, onLimit, onCurve };
  const context = { classCount, seed, options: optionsOf(kind, options), rowWeights, features, ...events };
  return stackerFrom(stackerTable[kind].fit(logits, labels, context));
}

/** The smallest number of images that a stacker can be fitted on with these options. */
export function minimumStackerRows(kind: StackerKind, options: StackerOptions = {}): number {
  return stackerTable[kind].minimumRows?.(optionsOf(kind, options)) ?? 0;
}

/** The indices of the members whose pooled features a stacker reads, ascending; empty if it reads logits. */
export function featureMembersOf(json: StackerJson): number[] {
  return stackerTable[json.kind].membersRead?.(json) ?? [];
}

/** @throws ModelError if it is not what {@link Stacker.toJSON} returned. */
export function stackerFromJson(json: unknown): Stacker {
  const { data, mistakes } = checkValue(stackerJsonSchema, json);
  if (mistakes !== undefined) throw new ModelError(`Invalid stacker: ${mistakesLine(mistakes)}.`);
  return stackerFrom(data);
}

// --- internal ---

const none: MemberFeatures = new Map();

function stackerFrom(json: StackerJson): Stacker {
  const { predict } = stackerTable[json.kind];
  return {
    kind: json.kind,
    featureMembers: featureMembersOf(json),
    predict: (logits, features = none) => predict(json, logits, features),
    toJSON: () => json,
  };
}

function optionsOf(kind: StackerKind, options: Partial<Record<StackerKind, unknown>>): unknown {
  return options[kind] ?? stackerTable[kind].defaultOptions;
}
