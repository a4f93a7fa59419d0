/** Interface of a stacker. `table.ts` lists all stackers; all other code uses that table. */
import { z } from 'zod';
import type { MemberFeatures, MemberOutputs } from './outputs.ts';

/** Fields of every fitted stacker, besides its kind. */
export const fittedSize = { memberCount: z.int().min(1).max(1000), classCount: z.int().min(2).max(100_000) };
/** Fitted numbers, such as weights. */
export const fittedNumbers = z.array(z.number()).max(10_000_000);

/**
 * One kind of stacker. It works on plain numbers: threads that fit stackers do not load tfjs.
 *
 * @typeParam State a fitted stacker as plain JSON; `kind` identifies its definition.
 * @typeParam Options the options of its fit; undefined if there are none.
 */
export interface StackerDefinition<State, Options> {
  /** Checks a fitted stacker that comes from a file. */
  stateSchema: z.ZodType<State>;
  /** The options that an experiment sets in `stackers.<kind>`, with their defaults; omitted if there are none. */
  optionsSchema?: z.ZodType;
  /** Default options of a fit. */
  defaultOptions?: Options;
  /** The indices of the members whose pooled features it reads, ascending; omitted if it reads the logits of all members. */
  membersRead?(state: State): number[];
  /** Minimum number of images for a fit with these options; omitted if there is no minimum. */
  minimumRows?(options: Options): number;
  /**
   * Fits on logits of images whose classes are known. Logits and labels are checked before the call. The same arguments
   * must give the same state on every machine.
   *
   * @param logits per member [N] for two classes (of the second), else [N, classCount].
   * @param labels class of each image, 0 to classCount − 1.
   */
  fit(logits: MemberOutputs, labels: ArrayLike<number>, context: FitContext<Options>): State;
  /**
   * Predicts from the logits of as many members, in the order of the fit.
   *
   * @param features of at least the members that it reads.
   * @returns probabilities [N, classCount], each row summing to 1.
   */
  predict(state: State, logits: MemberOutputs, features: MemberFeatures): Float32Array;
  /**
   * Builds the layers that compute `predict` in an exported model, in float32.
   *
   * @typeParam Value an output of a layer in the format of the export.
   * @param members in the order of the fit: the pooled features of those that `membersRead` names, else logits [N, outputs].
   * @param form whether to return probabilities, in a layer called `probabilities`, or their logarithms.
   * @returns class probabilities [N, classCount], or their logarithms.
   */
  layers<Value>(
    state: State,
    members: readonly NamedOutput<Value>[],
    layers: StackerLayers<Value>,
    form: OutputForm,
  ): Value;
}

export interface FitContext<Options> {
  classCount: number;
  /** Seeds everything that the fit draws at random. */
  seed: number;
  options: Options;
  /** Weight of each image's loss. */
  rowWeights: Float64Array;
  /** Empty if none are available. */
  features: MemberFeatures;
  /** Must be called at least once per pass over the images; an error that it throws ends the fit. */
  onStep(): void;
  /** Called if the fit ends before it has converged; its best state is then used. */
  onLimit(): void;
  /** Called at the end of a fit in epochs. */
  onCurve(curve: LossCurve): void;
}

/** Mean losses of a fit in epochs, an element per epoch. */
export interface LossCurve {
  /** Of the images that it trains on, during the epoch. */
  fit: number[];
  /** Of the images that are set aside, after the epoch; null if none are. */
  validation: number[] | null;
  /** The epoch whose weights are kept; null for the initial ones. */
  keptEpochIndex: number | null;
}

/** Also the name of the last layer. The logarithms are for layers that calibrate them. */
export type OutputForm = 'probabilities' | 'log_probabilities';

export interface NamedOutput<Value> {
  /** The member's name, a prefix for the names of its layers. */
  name: string;
  /** What the stacker reads of it. */
  output: Value;
}

/**
 * The layers an exported stacker is built from; each format of an export implements them. Names must be unique in the model.
 *
 * @typeParam Value an output of a layer, such as tfjs' symbolic tensor.
 */
export interface StackerLayers<Value> {
  /** A dense layer with given weights: [N, n] → [N, m], from a kernel of n rows of m. */
  dense(
    x: Value,
    name: string,
    options: { kernel: readonly (readonly number[])[]; bias?: readonly number[]; activation?: 'relu' },
  ): Value;
  activation(x: Value, name: string, activation: 'sigmoid' | 'softmax' | 'relu'): Value;
  /** scale × x + offset */
  rescale(x: Value, name: string, options: { scale: number; offset: number }): Value;
  /** Concatenates [N, a], [N, b], … into [N, a + b + …]; a single tensor is returned as it is. */
  concatenate(xs: readonly Value[], name: string): Value;
  /** The mean of tensors of one shape; a single tensor is returned as it is. */
  mean(xs: readonly Value[], name: string): Value;
  /** Logits [N, 1] for two classes (of the second), else [N, classCount] → probabilities [N, classCount], or their logarithms. */
  probabilities(logits: Value, classCount: number, name: string, form?: OutputForm): Value;
  /**
   * log(Σ weight × exp(x)) of tensors [N, n].
   *
   * @param weights one per tensor, none negative, with a sum of 1.
   */
  logWeightedMean(xs: readonly Value[], weights: readonly number[], classCount: number, name: string): Value;
}

/** Rows between two calls of `onStep`. */
export const rowsPerStep = 256;

/** A flat row-major matrix as rows of `length`. */
export function matrixRows(numbers: ArrayLike<number>, length: number): number[][] {
  const all = Array.from(numbers);
  return Array.from({ length: all.length / length }, (_, row) => all.slice(row * length, (row + 1) * length));
}
