/**
 * The stacker of the article "Destroy Image Classification by Ensemble of Pre-trained models": the members'
 * probabilities → Dense(10, relu) → Dense(1 or C), trained by Adam at 1e-3 in batches of 32.
 *
 * It has a few dozen weights and learns from a few hundred rows, so it is plain numbers: no tensor backend, and the same
 * bits on every machine. A fifth of the rows is set aside to say when to stop.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { generatorFor } from '../random/generator-for.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';
import { DenseNetwork } from './dense-network.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { sigmoid, softmaxRows, toProbabilities } from './probabilities.ts';
import { ScalarAdam } from './scalar-adam.ts';

export interface DenseModel {
  memberCount: number;
  classCount: number;
  /** Hidden kernel [inputs, 10], hidden bias, output kernel [10, outputs], output bias, one behind the other. */
  weights: number[];
}

const learningRate = 1e-3;
const batchSize = 32;
const maximumEpochCount = 1000;
/** Epochs without a lower loss on the rows set aside. */
const patience = 50;
/** Of each class, one row in so many is set aside. */
const setAsideEvery = 5;

/** @param labels class of each image. */
export function fitDense(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, seed }: { classCount: number; seed: number },
): DenseModel {
  const memberCount = logits.length;
  const inputs = inputRows(logits, classCount);
  const network = newNetwork(memberCount, classCount, seed);
  const random = generatorFor(seed, 'stacker/order');
  const { learning, watching } = splitRows(labels, inputs.length, random);
  const adam = new ScalarAdam(network.weights, learningRate);
  const watchedLoss = () => watching.reduce((sum, row) => sum + network.loss(inputs[row]!, labels[row]!), 0);

  let best = { loss: watchedLoss(), weights: network.weights.slice(), epochIndex: -1 };
  for (
    let epochIndex = 0;
    epochIndex < maximumEpochCount && epochIndex - best.epochIndex <= patience;
    epochIndex += 1
  ) {
    shuffle(learning, random);
    for (let start = 0; start < learning.length; start += batchSize) {
      const batch = learning.slice(start, start + batchSize);
      const gradient = new DenseNetwork(network.inputCount, network.outputCount);
      for (const row of batch) network.addGradient(inputs[row]!, labels[row]!, gradient, 1 / batch.length);
      adam.step(gradient.weights);
    }
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
function splitRows(labels: ArrayLike<number>, rowCount: number, random: RandomGenerator) {
  const rows = Array.from({ length: rowCount }, (_, row) => row);
  shuffle(rows, random);
  const seen = new Map<number, number>();
  const watching: number[] = [];
  const learning: number[] = [];
  for (const row of rows) {
    const place = (seen.get(labels[row]!) ?? 0) + 1;
    seen.set(labels[row]!, place);
    (place % setAsideEvery === 0 ? watching : learning).push(row);
  }
  return { learning, watching: watching.length > 0 ? watching : rows };
}

/** Fisher and Yates. */
function shuffle(rows: number[], random: RandomGenerator): void {
  for (let last = rows.length - 1; last > 0; last -= 1) {
    const other = uniformInt(random, 0, last);
    [rows[last], rows[other]] = [rows[other]!, rows[last]!];
  }
}
