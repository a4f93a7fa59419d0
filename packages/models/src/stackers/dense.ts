/**
 * The stacker of the article "Destroy Image Classification by Ensemble of Pre-trained models": the members'
 * probabilities → Dense(10, relu) → Dense(1 or C), trained with Adam at 1e-3 in batches of 32.
 *
 * It has a few dozen weights and trains on a few hundred rows, so it needs no tensor backend and gives the same bits on
 * every machine.
 */
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { generatorFor } from '../random/generator-for.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';
import { shuffle } from '../random/shuffle.ts';
import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { type FitContext, fittedNumbers, fittedSize, matrixRows, type StackerDefinition } from './definition.ts';
import { DenseNetwork, type DenseRow } from './dense-network.ts';
import { countRows, type MemberOutputs, outputsPerImage } from './outputs.ts';
import { sigmoid, softmaxRows, toProbabilities } from './probabilities.ts';
import { ScalarAdam } from './scalar-adam.ts';

const stateSchema = z
  .strictObject({
    kind: z.literal('dense'),
    ...fittedSize,
    /** Contiguous: hidden kernel [inputs, 10], hidden bias [10], output kernel [10, outputs], output bias [outputs]. */
    weights: fittedNumbers,
  })
  .refine(
    ({ memberCount, classCount, weights }) => weights.length === weightCount(memberCount, classCount),
    'the number of weights does not fit its members and classes',
  );
type DenseState = z.output<typeof stateSchema>;

/** The duration of a dense stacker's training, and the rows that it uses. */
export interface DenseFitOptions {
  /** Number of epochs; the maximum number if `patience` is set. */
  epochCount: number;
  /**
   * Number of epochs without a lower validation loss after which training stops. A fifth of the rows is set aside for
   * validation, and the best epoch's weights are kept. null: all rows train in all epochs, and the last epoch's weights are
   * kept.
   */
  patience: number | null;
  /** Whether to leave out the rows that do not fill an epoch's last batch of 32; different ones in each epoch. */
  wholeBatchesOnly: boolean;
  /** As for `crossEntropy`. */
  fromLogitsOnSigmoid?: FromLogitsOnSigmoid | undefined;
}

export const denseFitDefaults: Readonly<DenseFitOptions> = { epochCount: 1000, patience: 50, wholeBatchesOnly: false };

const optionsSchema = z
  .strictObject({
    epochCount: z
      .int()
      .min(1)
      .max(10_000)
      .default(denseFitDefaults.epochCount)
      .describe('Number of epochs; the maximum number if patience is set.'),
    patience: z
      .int()
      .min(1)
      .max(10_000)
      .nullable()
      .default(denseFitDefaults.patience)
      .describe(
        'Stops after this many epochs without a lower loss on a fifth of the images; null trains on all images for all epochs.',
      ),
  })
  .prefault({})
  .describe("The stacker `dense`: Dense(10, relu) → Dense, the article's head.");

const learningRate = 1e-3;
/** Rows of a training step. */
const batchSize = 32;
/** One row in this many is set aside for validation, of each class. */
const setAsideEvery = 5;

export const dense = {
  stateSchema,
  optionsSchema,
  defaultOptions: denseFitDefaults as DenseFitOptions,
  minimumRows({ patience, wholeBatchesOnly }) {
    if (!wholeBatchesOnly) return 0;
    // Stratified parts differ by up to one row per class; four rows allow for that.
    const trainingRows = batchSize + 4;
    return Math.ceil(patience === null ? trainingRows : (trainingRows * setAsideEvery) / (setAsideEvery - 1));
  },
  fit: fitDense,
  predict: predictDense,
  layers({ classCount, weights }, members, layers, form) {
    const outputCount = outputsPerImage(classCount);
    const activation = outputCount === 1 ? 'sigmoid' : 'softmax';
    const inputs = members.map(({ name, output }) => layers.activation(output, `${name}/shares`, activation));
    const network = new DenseNetwork(members.length * outputCount, outputCount, Float64Array.from(weights));
    const hidden = layers.dense(layers.concatenate(inputs, 'members'), 'hidden', {
      kernel: matrixRows(network.hiddenKernel, DenseNetwork.hiddenCount),
      bias: Array.from(network.hiddenBias),
      activation: 'relu',
    });
    const combined = layers.dense(hidden, 'combined', {
      kernel: matrixRows(network.outputKernel, outputCount),
      bias: Array.from(network.outputBias),
    });
    return layers.probabilities(combined, classCount, form, form);
  },
} as const satisfies StackerDefinition<DenseState, DenseFitOptions>;

// --- internal ---

/** @throws ModelError for invalid options, or if `wholeBatchesOnly` is set and the rows do not fill a batch. */
function fitDense(
  logits: MemberOutputs,
  labels: ArrayLike<number>,
  { classCount, seed, options, rowWeights, onStep, onCurve }: FitContext<DenseFitOptions>,
): DenseState {
  const { epochCount, patience, wholeBatchesOnly, fromLogitsOnSigmoid } = options;
  checkOptions(options);
  const memberCount = logits.length;
  const rows = inputRows(logits, classCount).map((input, row) => ({
    ...{ input, label: labels[row]!, weight: rowWeights[row]! },
  }));
  const network = newNetwork(memberCount, classCount, seed);
  const random = generatorFor(seed, 'stacker/order');
  const { training, validation } = patience === null ? { training: rows, validation: [] } : splitRows(rows, random);
  const rowsPerEpoch = wholeBatchesOnly ? training.length - (training.length % batchSize) : training.length;
  if (wholeBatchesOnly && rowsPerEpoch === 0)
    throw new ModelError(
      `A dense stacker with wholeBatchesOnly needs at least ${batchSize} images, received ${training.length}; provide more images or set wholeBatchesOnly to false.`,
    );

  const adam = new ScalarAdam(network.weights, learningRate);
  const fitLosses: number[] = [];
  const trainEpoch = () => {
    shuffle(training, random);
    let lossSum = 0;
    for (let start = 0; start < rowsPerEpoch; start += batchSize) {
      onStep();
      adam.step(network.gradient(training.slice(start, start + batchSize), fromLogitsOnSigmoid));
      lossSum += network.batchLoss;
    }
    fitLosses.push(lossSum / rowsPerEpoch);
  };
  if (patience === null) {
    for (let epochIndex = 0; epochIndex < epochCount; epochIndex += 1) trainEpoch();
    onCurve({ fit: fitLosses, validation: null, keptEpochIndex: epochCount - 1 });
    return { kind: 'dense', memberCount, classCount, weights: Array.from(network.weights) };
  }
  const validationLoss = () => validation.reduce((sum, row) => sum + network.loss(row, fromLogitsOnSigmoid), 0);
  const validationLosses: number[] = [];
  let best = { loss: validationLoss(), weights: network.weights.slice(), epochIndex: -1 };
  for (let epochIndex = 0; epochIndex < epochCount && epochIndex - best.epochIndex <= patience; epochIndex += 1) {
    trainEpoch();
    const loss = validationLoss();
    validationLosses.push(loss / validation.length);
    if (loss < best.loss) best = { loss, weights: network.weights.slice(), epochIndex };
  }
  const keptEpochIndex = best.epochIndex === -1 ? null : best.epochIndex;
  onCurve({ fit: fitLosses, validation: validationLosses, keptEpochIndex });
  return { kind: 'dense', memberCount, classCount, weights: Array.from(best.weights) };
}

function predictDense({ memberCount, classCount, weights }: DenseState, logits: MemberOutputs): Float32Array {
  countRows(logits, memberCount, classCount);
  const outputCount = outputsPerImage(classCount);
  const network = new DenseNetwork(memberCount * outputCount, outputCount, Float64Array.from(weights));
  const combined = inputRows(logits, classCount).flatMap((row) => Array.from(network.logits(row)));
  return toProbabilities(Float32Array.from(combined), classCount);
}

function weightCount(memberCount: number, classCount: number): number {
  const outputCount = outputsPerImage(classCount);
  return DenseNetwork.weightCount(memberCount * outputCount, outputCount);
}

function checkOptions({ epochCount, patience }: DenseFitOptions): void {
  if (!Number.isInteger(epochCount) || epochCount < 1)
    throw new ModelError(`Invalid epochCount ${epochCount} of a dense stacker; expected an integer of 1 or more.`);
  if (patience !== null && (!Number.isInteger(patience) || patience < 0))
    throw new ModelError(`Invalid patience ${patience} of a dense stacker; expected an integer of 0 or more, or null.`);
}

function newNetwork(memberCount: number, classCount: number, seed: number): DenseNetwork {
  const outputCount = outputsPerImage(classCount);
  const inputCount = memberCount * outputCount;
  const network = new DenseNetwork(inputCount, outputCount);
  network.hiddenKernel.set(glorotUniform([inputCount, DenseNetwork.hiddenCount], seed, 'stacker/hidden'));
  network.outputKernel.set(glorotUniform([DenseNetwork.hiddenCount, outputCount], seed, 'stacker/output'));
  return network;
}

/** Per image: the probabilities of each member, in the members' order (only the second class's if there are two). */
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

/** If there are too few rows to set any aside, all rows are in both sets. */
function splitRows(rows: DenseRow[], random: RandomGenerator): { training: DenseRow[]; validation: DenseRow[] } {
  shuffle(rows, random);
  const seen = new Map<number, number>();
  const validation: DenseRow[] = [];
  const training: DenseRow[] = [];
  for (const row of rows) {
    const place = (seen.get(row.label) ?? 0) + 1;
    seen.set(row.label, place);
    (place % setAsideEvery === 0 ? validation : training).push(row);
  }
  return { training, validation: validation.length > 0 ? validation : rows };
}
