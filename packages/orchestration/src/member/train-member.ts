/** One member, from its first weights to its folder. */
import { basename } from 'node:path';
import {
  type BatchNormMode,
  type Classifier,
  createClassifier,
  type FineTuneRange,
  type FineTuneView,
  loadBackboneWeights,
  memberToBytes,
  toProbabilities,
} from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import type { Precision } from '../experiment/schema.ts';
import { trainingPrecision } from '../lanes/compute-settings.ts';
import type { EpochMetrics, FeaturesTask, LaneObserver, MemberTask, StageName, TrainTask } from '../lanes/protocol.ts';
import { readWeightFile } from '../run/weight-file.ts';
import { scoreProbabilities } from '../statistics/score.ts';
import { ActivationCache, activationBudgetBytes } from './activation-cache.ts';
import { fitStage } from './fit-stage.ts';
import { forwardBatchSize, plainBatches } from './forward-batches.ts';
import { ImageReader } from './image-reader.ts';
import { writeMember } from './member-folder.ts';
import { predictImages } from './predict-images.ts';
import type { ComputeSettings } from './prepared-function.ts';
import { requireFinite } from './require-finite.ts';
import { StageFunctions } from './stage-functions.ts';
import type { StopFlag } from './stop-flag.ts';

/** The lane that a member is trained on. */
export interface LaneContext {
  device: string;
  backingDevice(tensor: tf.Tensor): string;
  observer: LaneObserver;
  stop: StopFlag;
  compute: ComputeSettings;
}

/**
 * Trains a member by its recipe, computes its logits on the held-out images and publishes it.
 *
 * Pre-trained: first the head on features computed once, then the last layers at a lower rate. Random (or by a flaw of the
 * experiment): all layers from the first step.
 *
 * @throws StoppedError at a batch edge; ModelError for weights that do not fit; Error when the loss is not finite.
 */
export async function trainMember(task: TrainTask, lane: LaneContext): Promise<void> {
  const startedAtMs = Date.now();
  const classifier = await initialClassifier(task);
  try {
    const recipe = recipeOf(task);
    const stages = stagesOf(task);
    for (const stage of stages) await runStage(classifier, stage, task, lane);
    lane.observer.onStage(task.name, 'predict');
    const outOfFoldLogits = await predictOutOfFold(classifier, task, lane);
    requireFinite(outOfFoldLogits, task.outOfFold, task.name);
    const { manifest, weights } = memberToBytes(classifier);
    await writeMember(task.folder, {
      record: {
        device: lane.device,
        backingDevice: lane.backingDevice(classifier.weights[0]!.variable),
        precision: stages.some((stage) => precisionOf(stage, task, lane) === 'bfloat16') ? 'bfloat16' : 'float32',
        seconds: (Date.now() - startedAtMs) / 1000,
        recipe,
        weights: describeWeights(task),
      },
      manifest,
      weights: task.keepsWeights ? weights : undefined,
      outOfFoldLogits,
    });
  } finally {
    classifier.dispose();
  }
}

/** Computes the pooled features of a pre-trained, frozen backbone into the task's shared memory. */
export async function computeFeatures(task: FeaturesTask, lane: LaneContext): Promise<void> {
  const classifier = await initialClassifier(task);
  try {
    lane.observer.onStage(task.name, 'features');
    const { indices, rowsPerImage, rows } = task.features;
    const part = classifier.fineTuneView('head', { batchNorm: 'moving' });
    const activations = new ActivationCache(
      part,
      new ImageReader(task.pixels, task.reads),
      indices,
      rowsPerImage === 2,
    );
    await activations.fill(new Float32Array(rows), lane, (stepIndex, stepCount) =>
      lane.observer.onBatch(task.name, { stage: 'features', epochIndex: 0, stepIndex, stepCount }),
    );
  } finally {
    classifier.dispose();
  }
}

// --- internal ---

async function initialClassifier({ backbone, recipe, flaws, classes, seed, weights }: MemberTask): Promise<Classifier> {
  const classifier = createClassifier({
    backbone,
    classes,
    dropout: recipe.dropout,
    seed,
    initializes: weights.kind === 'random' ? 'all' : 'head',
    ...(flaws.rawBgr ? { preprocessing: 'raw-bgr' as const } : {}),
  });
  if (weights.kind === 'random') return classifier;
  try {
    await loadBackboneWeights(classifier, { name: basename(weights.path), bytes: await readWeightFile(weights.path) });
    return classifier;
  } catch (error) {
    // The lane lives on, and takes another member.
    classifier.dispose();
    throw error;
  }
}

function recipeOf({ weights, flaws }: MemberTask): 'transfer' | 'whole' {
  return weights.kind === 'random' || flaws.wholeFromStart ? 'whole' : 'transfer';
}

/** The stages of the task's recipe, in their order. */
function stagesOf(task: TrainTask): StagePlan[] {
  const { recipe } = task;
  if (recipeOf(task) === 'whole')
    return [
      {
        name: 'whole',
        range: 'all',
        batchNorm: 'batch',
        recalibratesBatchNorm: task.weights.kind === 'random',
        ...recipe.whole,
      },
    ];
  const { lastLayers, ...fineTune } = recipe.fineTune;
  const frozen = { batchNorm: 'moving', recalibratesBatchNorm: false } as const;
  const head: StagePlan = { name: 'head', range: 'head', ...frozen, ...recipe.head };
  if (lastLayers === 0) return [head];
  return [head, { name: 'fine-tune', range: lastLayers === 'all' ? 'all' : { lastLayers }, ...frozen, ...fineTune }];
}

/** [outOfFold, outputs], with the mean of an image and its mirror image where the task says so. */
async function predictOutOfFold(classifier: Classifier, task: TrainTask, lane: LaneContext): Promise<Float32Array> {
  const images = new ImageReader(task.pixels, task.reads.stack);
  const { features, outOfFold, testTimeAugmentation } = task;
  if (features === undefined || task.recipe.fineTune.lastLayers !== 0)
    return predictImages(classifier, images, outOfFold, testTimeAugmentation, lane);
  // The backbone is as it was: its features are known.
  const part = classifier.fineTuneView('head', { batchNorm: 'moving' });
  const activations = ActivationCache.shared(part, images, features);
  return Float32Array.from(
    [...plainBatches(outOfFold, forwardBatchSize)].flatMap((batch) => [
      ...tf.tidy(() => {
        const logits = (flip: 0 | 1) => {
          const rows = activations.input({ ...batch, flips: batch.flips.map(() => flip) });
          return part.suffix(rows, { training: false });
        };
        return (testTimeAugmentation ? tf.div(tf.add(logits(0), logits(1)), 2) : logits(0)).dataSync();
      }),
    ]),
  );
}

interface StagePlan {
  name: StageName;
  range: FineTuneRange;
  batchNorm: BatchNormMode;
  /** Takes BatchNorm's moving statistics from a pass over the images: from few steps they are still near their start. */
  recalibratesBatchNorm: boolean;
  epochCount: number;
  patience: number;
  learningRate: number;
  weightDecay: number;
}

/** Float32 for the head alone: to bring bfloat16 in takes longer than the products of one layer. */
function precisionOf({ range }: StagePlan, { backbone }: TrainTask, { compute }: LaneContext): Precision {
  return range === 'head' ? 'float32' : trainingPrecision(compute, backbone.family);
}

async function runStage(classifier: Classifier, plan: StagePlan, task: TrainTask, lane: LaneContext): Promise<void> {
  const { name, member, part: partName, recipe, flaws, fit, tune } = task;
  const labels = new Int32Array(task.labels);
  const labelsOf = (indices: Uint32Array) => Int32Array.from(indices, (index) => labels[index]!);
  const part = classifier.fineTuneView(plan.range, { batchNorm: plan.batchNorm });
  lane.observer.onStage(name, 'features');
  const { fitCache, tuneCache } = await stageCaches(part, plan, task, lane);
  lane.observer.onStage(name, plan.name);

  const functions = new StageFunctions(part, fitCache, tuneCache, {
    compute: lane.compute,
    precision: precisionOf(plan, task, lane),
    weightDecay: plan.weightDecay,
    labelSmoothing: recipe.labelSmoothing,
    fromLogitsOnSigmoid: flaws.fromLogitsOnSigmoid ?? undefined,
  });
  let best = part.snapshot();
  try {
    await fitStage(
      {
        ...plan,
        fit,
        seed: task.seed,
        batchSize: recipe.batchSize,
        flip: recipe.flip,
        wholeBatchesOnly: flaws.wholeBatchesOnly,
        keeps: flaws.lastEpoch ? 'last' : 'best',
        step: (batch, learningRate) => functions.step(batch, labelsOf(batch.indices), learningRate),
        ...(plan.recalibratesBatchNorm ? { recalibrate: () => functions.recalibrate(fit) } : {}),
        evaluate() {
          const logits = functions.logits(tune);
          if (!logits.every(Number.isFinite)) return { loss: Number.NaN, accuracy: 0 };
          const probabilities = toProbabilities(logits, task.classes.length);
          const { logLoss, accuracy } = scoreProbabilities(probabilities, labelsOf(tune), task.classes);
          return { loss: logLoss, accuracy };
        },
        keep() {
          best.dispose();
          best = part.snapshot();
        },
        restore: () => best.restore(),
      },
      lane.stop,
      {
        onBatch: (progress) => lane.observer.onBatch(name, progress),
        onEpoch: (epoch) =>
          lane.observer.onEpoch({
            task: name,
            member,
            part: partName,
            device: lane.device,
            ...epoch,
            compiled: functions.compiled(),
          } satisfies EpochMetrics),
      },
    );
  } finally {
    best.dispose();
    functions.dispose();
  }
}

/** What a stage's frozen front makes of its images; for the head from the features that all parts share. */
async function stageCaches(part: FineTuneView, plan: StagePlan, task: TrainTask, lane: LaneContext) {
  const { fit, tune, recipe, features } = task;
  const fitReader = new ImageReader(task.pixels, task.reads.fit);
  const tuneReader = new ImageReader(task.pixels, task.reads.tune);
  if (plan.name === 'head' && features !== undefined) {
    const fitCache = ActivationCache.shared(part, fitReader, features);
    // Watched test images (a flaw) are not among the training images.
    const known = new Set(features.indices);
    if (tune.every((index) => known.has(index)))
      return { fitCache, tuneCache: ActivationCache.shared(part, tuneReader, features) };
    const tuneCache = new ActivationCache(part, tuneReader, tune, false);
    await tuneCache.compute(activationBudgetBytes, lane);
    return { fitCache, tuneCache };
  }
  const fitCache = new ActivationCache(part, fitReader, fit, recipe.flip);
  const tuneCache = new ActivationCache(part, tuneReader, tune, false);
  const keptBytes = await fitCache.compute(activationBudgetBytes, lane);
  await tuneCache.compute(activationBudgetBytes - keptBytes, lane);
  return { fitCache, tuneCache };
}

function describeWeights({ weights }: TrainTask) {
  if (weights.kind === 'random') return { source: 'random', sha256: null };
  const { path, sha256, note } = weights;
  return { source: path, sha256, ...(note === undefined ? {} : { note }) };
}
