/** One member, from its first weights to its folder. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  Adam,
  type BatchNormMode,
  type Classifier,
  createClassifier,
  loadBackboneWeights,
  memberToBytes,
  type TrainablePart,
  type TrainableRange,
  toProbabilities,
  trainStep,
} from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import type { EpochMetrics, LaneObserver, StageName, TrainTask } from '../lanes/protocol.ts';
import { scoreProbabilities } from '../statistics/score.ts';
import { Activations, activationBudgetBytes, forwardBatchSize, plainBatches } from './activations.ts';
import { fitStage, type Stage } from './fit-stage.ts';
import { ImageReader } from './image-reader.ts';
import { writeMember } from './member-folder.ts';
import { predictImages } from './predict-images.ts';
import type { StopFlag } from './stop-flag.ts';

/** The lane that a member is trained on. */
export interface LaneContext {
  device: string;
  backingDevice(tensor: tf.Tensor): string;
  observer: LaneObserver;
  stop: StopFlag;
}

/**
 * Trains a member by its recipe, computes its logits on the `stack` images and publishes it.
 *
 * Pre-trained: first the head on features computed once, then the last layers at a lower rate. Random: all layers.
 *
 * @throws StoppedError at a batch edge; ModelError for weights that do not fit; Error when the loss is not finite.
 */
export async function trainMember(task: TrainTask, lane: LaneContext): Promise<void> {
  const startedAtMs = Date.now();
  const classifier = await initialClassifier(task);
  try {
    const { recipe } = task;
    if (task.weights.kind === 'random') {
      await runStage(classifier, { name: 'scratch', range: 'all', batchNorm: 'batch', ...recipe.scratch }, task, lane);
    } else {
      await runStage(classifier, { name: 'head', range: 'head', batchNorm: 'moving', ...recipe.head }, task, lane);
      const { lastLayers, ...fineTune } = recipe.fineTune;
      const range: TrainableRange = lastLayers === 'all' ? 'all' : { lastLayers };
      if (lastLayers !== 0)
        await runStage(classifier, { name: 'fine-tune', range, batchNorm: 'moving', ...fineTune }, task, lane);
    }
    lane.observer.onStage(task.member.name, 'predict');
    const images = new ImageReader(task.pixels, task.reads.stack);
    const heldOutLogits = await predictImages(classifier, images, task.stack, task.mirror, lane.stop);
    const { manifest, weights } = memberToBytes(classifier);
    await writeMember(task.folder, {
      record: {
        device: lane.device,
        backingDevice: lane.backingDevice(classifier.weights[0]!.variable),
        seconds: (Date.now() - startedAtMs) / 1000,
        recipe: task.weights.kind === 'random' ? 'scratch' : 'transfer',
        weights: describeWeights(task),
      },
      manifest,
      weights,
      heldOutLogits,
    });
  } finally {
    classifier.dispose();
  }
}

// --- internal ---

async function initialClassifier(task: TrainTask): Promise<Classifier> {
  const { member, inputSize, weights } = task;
  const classifier = createClassifier({
    backbone: { family: member.backbone, alpha: member.alpha, inputSize },
    classes: task.classes,
    dropout: task.recipe.dropout,
    seed: task.seed,
  });
  if (weights.kind === 'random') return classifier;
  try {
    await loadBackboneWeights(classifier, { name: basename(weights.path), bytes: await readFile(weights.path) });
    return classifier;
  } catch (error) {
    // The lane lives on, and takes another member.
    classifier.dispose();
    throw error;
  }
}

interface StagePlan {
  name: StageName;
  range: TrainableRange;
  batchNorm: BatchNormMode;
  epochCount: number;
  patience: number;
  learningRate: number;
  weightDecay: number;
}

async function runStage(classifier: Classifier, plan: StagePlan, task: TrainTask, lane: LaneContext): Promise<void> {
  const { name } = task.member;
  const { recipe, fit, tune } = task;
  const labels = new Int32Array(task.labels);
  const labelsOf = (indices: Uint32Array) => Int32Array.from(indices, (index) => labels[index]!);
  const part = classifier.part(plan.range, { batchNorm: plan.batchNorm });
  lane.observer.onStage(name, 'features');
  const fitActivations = new Activations(part, new ImageReader(task.pixels, task.reads.fit), fit, recipe.flip);
  const tuneActivations = new Activations(part, new ImageReader(task.pixels, task.reads.tune), tune, false);
  const keptBytes = await fitActivations.compute(activationBudgetBytes, lane.stop);
  await tuneActivations.compute(activationBudgetBytes - keptBytes, lane.stop);
  lane.observer.onStage(name, plan.name);

  const adam = new Adam({ weightDecay: plan.weightDecay });
  let best = part.snapshot();
  const stage: Stage = {
    ...plan,
    fit,
    seed: task.seed,
    batchSize: recipe.batchSize,
    flip: recipe.flip,
    step: (batch, learningRate) =>
      tf.tidy(() => {
        const activations = fitActivations.batch(batch);
        const targets = tf.tensor1d(labelsOf(batch.indices), 'int32');
        return trainStep(
          part,
          adam,
          { activations, labels: targets },
          { learningRate, labelSmoothing: recipe.labelSmoothing },
        );
      }),
    // From few steps the moving statistics are still near their start.
    ...(plan.batchNorm === 'batch' ? { settle: () => part.calibrate(activationsOf(fitActivations, fit)) } : {}),
    evaluate: () => evaluate(part, tuneActivations, tune, labelsOf(tune), task.classes),
    keep() {
      best.dispose();
      best = part.snapshot();
    },
    restore: () => best.restore(),
  };
  try {
    await fitStage(stage, lane.stop, {
      onBatch: (progress) => lane.observer.onBatch(name, progress),
      onEpoch: (epoch) => lane.observer.onEpoch({ member: name, device: lane.device, ...epoch } satisfies EpochMetrics),
    });
  } finally {
    best.dispose();
    adam.dispose();
  }
}

function evaluate(
  part: TrainablePart,
  activations: Activations,
  indices: Uint32Array,
  labels: Int32Array,
  classes: readonly string[],
): { loss: number; accuracy: number } {
  const outputs: Float32Array[] = [];
  for (const batch of activationsOf(activations, indices)) {
    outputs.push(tf.tidy(() => part.suffix(batch, { training: false }).dataSync()) as Float32Array);
    batch.dispose();
  }
  const logits = Float32Array.from(outputs.flatMap((one) => [...one]));
  const { logLoss, accuracy } = scoreProbabilities(toProbabilities(logits, classes.length), labels, classes);
  return { loss: logLoss, accuracy };
}

/** Every image once, unmirrored, in its order; whoever takes a batch disposes it. */
function* activationsOf(activations: Activations, indices: Uint32Array): Generator<tf.Tensor> {
  for (const batch of plainBatches(indices, forwardBatchSize)) yield activations.batch(batch);
}

function describeWeights({ weights }: TrainTask) {
  if (weights.kind === 'random') return { source: 'random', sha256: null };
  const { path, sha256, note } = weights;
  return { source: path, sha256, ...(note === undefined ? {} : { note }) };
}
