/**
 * The stacker of the article "Destroy Image Classification by Ensemble of Pre-trained models": the members'
 * probabilities → Dense(10, relu) → Dense(1 or C), trained by Adam at 1e-3 in batches of 32.
 *
 * It has a few dozen weights and learns from a few hundred rows, so it is plain numbers: no tensor backend, and the same
 * bits on every machine.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { ModelError } from '../errors.ts';
import { generatorFor } from '../random/generator-for.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';
import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { DenseNetwork, type DenseRow } from './dense-network.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { sigmoid, softmaxRows, toProbabilities } from './probabilities.ts';
import { ScalarAdam } from './scalar-adam.ts';

export interface DenseModel {
  memberCount: number;
  classCount: number;
  /** Hidden kernel [inputs, 10], hidden bias, output kernel [10, outputs], output bias, one behind the other. */
  weights: number[];
}

/** How long a dense stacker trains, and on which rows. */
export interface DenseFitOptions {
  /** Times that the rows are gone through; the most, where there is patience. */
  epochCount: number;
  /**
   * A fifth of the rows is set aside, training stops after so many epochs without a lower loss on them, and the best
   * epoch's weights are kept. null: all rows train in all epochs, and the last one's weights are kept.
   */
  patience: number | null;
  /** Whether the rows that do not fill an epoch's last batch of 32 are left out; others each time. */
  wholeBatchesOnly: boolean;
  /** As `crossEntropy` has it. */
  fromLogitsOnSigmoid?: FromLogitsOnSigmoid | undefined;
}

export const denseFitDefaults: Readonly<DenseFitOptions> = { epochCount: 1000, patience: 50, wholeBatchesOnly: false };

const learningRate = 1e-3;
/** Rows a step. */
export const denseBatchSize = 32;
/** Of each class, one row in so many is set aside. */
const setAsideEvery = 5;

/**
 * @param labels class of each image.
 * @throws ModelError for options that cannot be, and when there are only whole batches to learn from and not even one.
 */
export function fitDense(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, seed, dense, onStep }: { classCount: number; seed: number; dense: DenseFitOptions; onStep: () => void },
): DenseModel {
  const { epochCount, patience, wholeBatchesOnly, fromLogitsOnSigmoid } = dense;
  checkOptions(dense);
  const memberCount = logits.length;
  const rows = inputRows(logits, classCount).map((input, row) => ({ input, label: labels[row]! }));
  const network = newNetwork(memberCount, classCount, seed);
  const random = generatorFor(seed, 'stacker/order');
  const { learning, watching } = patience === null ? { learning: rows, watching: [] } : splitRows(rows, random);
  const rowsPerEpoch = wholeBatchesOnly ? learning.length - (learning.length % denseBatchSize) : learning.length;
  if (wholeBatchesOnly && rowsPerEpoch === 0)
    throw new ModelError(
      `Expected at least ${denseBatchSize} images for a dense stacker to learn from in whole batches only, received ${learning.length}; give it more, or switch wholeBatchesOnly off.`,
    );

  const adam = new ScalarAdam(network.weights, learningRate);
  const trainEpoch = () => {
    shuffle(learning, random);
    for (let start = 0; start < rowsPerEpoch; start += denseBatchSize) {
      onStep();
      adam.step(network.gradient(learning.slice(start, start + denseBatchSize), fromLogitsOnSigmoid));
    }
  };
  if (patience === null) {
    for (let epochIndex = 0; epochIndex < epochCount; epochIndex += 1) trainEpoch();
    return { memberCount, classCount, weights: Array.from(network.weights) };
  }
  const watchedLoss = () => watching.reduce((sum, row) => sum + network.loss(row, fromLogitsOnSigmoid), 0);
  let best = { loss: watchedLoss(), weights: network.weights.slice(), epochIndex: -1 };
  for (let epochIndex = 0; epochIndex < epochCount && epochIndex - best.epochIndex <= patience; epochIndex += 1) {
    trainEpoch();
    const loss = watchedLoss();
    if (loss < best.loss) best = { loss, weights: network.weights.slice(), epochIndex };
  }
  return { memberCount, classCount, weights: Array.from(best.weights) };
}

/** Per member logits [N, outputs] → probabilities [N, classCount]. */
export function predictDense({ memberCount, classCount, weights }: DenseModel, logits: MemberOutputs): Float32Array {
  countRows(logits, memberCount, classCount);
  const outputCount = outputsPerImage(classCount);
  const network = new DenseNetwork(memberCount * outputCount, outputCount, Float64Array.from(weights));
  const combined = inputRows(logits, classCount).flatMap((row) => Array.from(network.logits(row)));
  return toProbabilities(Float32Array.from(combined), classCount);
}

/** Numbers in a {@link DenseModel}'s weights. */
export function denseWeightCount(memberCount: number, classCount: number): number {
  const outputCount = outputsPerImage(classCount);
  return DenseNetwork.weightCount(memberCount * outputCount, outputCount);
}

// --- internal ---

function checkOptions({ epochCount, patience }: DenseFitOptions): void {
  if (!Number.isInteger(epochCount) || epochCount < 1)
    throw new ModelError(`Expected an epochCount of a dense stacker of 1 or more, received ${epochCount}.`);
  if (patience !== null && (!Number.isInteger(patience) || patience < 0))
    throw new ModelError(`Expected a patience of a dense stacker of 0 or more epochs, or null, received ${patience}.`);
}

function newNetwork(memberCount: number, classCount: number, seed: number): DenseNetwork {
  const outputCount = outputsPerImage(classCount);
  const inputCount = memberCount * outputCount;
  const network = new DenseNetwork(inputCount, outputCount);
  network.hiddenKernel.set(glorotUniform([inputCount, DenseNetwork.hiddenCount], seed, 'stacker/hidden'));
  network.outputKernel.set(glorotUniform([DenseNetwork.hiddenCount, outputCount], seed, 'stacker/output'));
  return network;
}

/** Per image: every member's probabilities, in the members' order (of the second class alone where there are two). */
function inputRows(logits: MemberOutputs, classCount: number): Float64Array[] {
  const outputCount = outputsPerImage(classCount);
  const rowCount = countRows(logits, logits.length, classCount);
  const probabilities = logits.map((one) =>
    outputCount === 1 ? Float64Array.from(one, sigmoid) : softmaxRows(one, classCount),
  );
  return Array.from({ length: rowCount }, (_, row) => {
    const input = new Float64Array(logits.length * outputCount);
    for (const [member, one] of probabilities.entries())
      input.set(one.subarray(row * outputCount, (row + 1) * outputCount), member * outputCount);
    return input;
  });
}

/** With too few rows to set any aside, all do both. */
function splitRows(rows: DenseRow[], random: RandomGenerator): { learning: DenseRow[]; watching: DenseRow[] } {
  shuffle(rows, random);
  const seen = new Map<number, number>();
  const watching: DenseRow[] = [];
  const learning: DenseRow[] = [];
  for (const row of rows) {
    const place = (seen.get(row.label) ?? 0) + 1;
    seen.set(row.label, place);
    (place % setAsideEvery === 0 ? watching : learning).push(row);
  }
  return { learning, watching: watching.length > 0 ? watching : rows };
}

/** Fisher and Yates. */
function shuffle(rows: DenseRow[], random: RandomGenerator): void {
  for (let last = rows.length - 1; last > 0; last -= 1) {
    const other = uniformInt(random, 0, last);
    [rows[last], rows[other]] = [rows[other]!, rows[last]!];
  }
}
