/** Runs one stage of a training. */
import { drawBalanced } from '@chorus/data';
import { balancedLogLoss, scoreProbabilities } from '@chorus/evaluation';
import { type Classifier, type FineTuneView, streamSeed, toProbabilities, type WeightSnapshot } from '@chorus/models';
import { ActivationCache, activationBudgetBytes } from './activation-cache.ts';
import { areFinite } from './are-finite.ts';
import { type AugmentedBatch, viewsPerImage } from './augmentation.ts';
import type { DrawnCopies } from './cached-copies.ts';
import type { Checkpoint, TensorGroups, TrainingState } from './checkpoint/checkpoint-folder.ts';
import type { StageProgress } from './checkpoint/stage-progress.ts';
import { restoreStage, stageTensors } from './checkpoint/stage-tensors.ts';
import { augmentedImages, trainedWeights } from './epoch-details.ts';
import { fitStage, type StageEnd, type StageLimit } from './fit-stage.ts';
import { microBatchSizeOf } from './halved-batches.ts';
import { ImageReader } from './image-reader.ts';
import type { LaneContext, TrainingLane } from './lane-context.ts';
import type { Precision, StagePlan } from './plan.ts';
import { type EpochDetails, mostConfusionClasses, type TrainTask } from './protocol.ts';
import type { Retry } from './retry.ts';
import { StageFunctions } from './stage-functions.ts';

export interface RunStageOptions {
  limit?: StageLimit | undefined;
  /** The checkpoint to continue from, of this stage, whose weights the classifier has. By default, the stage starts. */
  from?: Checkpoint | undefined;
  /** The retry that the training has had, if any. */
  retry?: Retry | null;
  /**
   * Called between steps, as in `fitStage`.
   *
   * @param tensors returns what the stage keeps besides the weights, until it continues.
   */
  onPause?(paused: PausedTraining, tensors: () => TensorGroups, isStopping: boolean): Promise<void>;
  /** Called when the stage continues from earlier weights, as in `fitStage`. */
  onRetry?(retry: Retry, progress: StageProgress): void;
}

/** A training between two steps of a stage. */
export interface PausedTraining {
  stage: NonNullable<TrainingState['stage']>;
  retry: Retry | null;
}

/**
 * Opens a stage for training: a view of the classifier, the functions that compute it, which the caller disposes, and the images of
 * each epoch with their labels.
 */
export async function openStage(classifier: Classifier, plan: StagePlan, task: TrainTask, lane: TrainingLane) {
  const labels = new Int32Array(task.labels);
  const labelsOf = (indices: Uint32Array) => Int32Array.from(indices, (index) => labels[index]!);
  const view = classifier.fineTuneView(plan.trains, { batchNorm: plan.batchNorm });
  lane.observer.onStage(task.name, 'features');
  const { fitCache, tuneCache } = await stageCaches(classifier, view, plan, task, lane);
  const functions = new StageFunctions(view, classifier.outputCount, fitCache, tuneCache, {
    compute: lane.compute,
    precision: precisionOn(lane, plan),
    optimizer: plan.optimizer,
    batchSize: plan.batchSize,
    microBatchSize: microBatchSizeOf(plan, task.halvings),
    augmentation: plan.augmentation,
    ...plan.loss,
    fromLogitsOnSigmoid: plan.loss.fromLogitsOnSigmoid ?? undefined,
  });
  const imagesOf = (epochIndex: number) =>
    plan.sampling === 'balanced'
      ? drawBalanced(task.fit, labelsOf(task.fit), { seed: task.seed, epochIndex })
      : task.fit;
  return { view, functions, labelsOf, imagesOf };
}

/**
 * Trains a stage as planned, or until a limit; the classifier then has the weights that the stage keeps.
 *
 * @throws StoppedError before the next batch once a stop is requested; TrainingError when a loss is not finite, as in `fitStage`;
 * StorageError for a checkpoint that does not fit.
 */
export async function runStage(
  classifier: Classifier,
  plan: StagePlan,
  task: TrainTask,
  lane: TrainingLane,
  { limit, from, retry, onPause, onRetry }: RunStageOptions = {},
): Promise<StageEnd> {
  const { name, member, fold, fit, tune, seed, classes } = task;
  const { view, functions, labelsOf, imagesOf } = await openStage(classifier, plan, task, lane);
  lane.observer.onStage(name, plan.name);
  let best: WeightSnapshot | undefined;
  let confusion: number[][] = [];
  const describeEpoch = (epochIndex: number): EpochDetails => {
    const augmented = epochIndex === 0 ? augmentedImages(plan, task) : undefined;
    return {
      weights: trainedWeights(classifier, view),
      confusion: classes.length > mostConfusionClasses ? null : confusion,
      ...(augmented && { augmented }),
    };
  };
  const detailsOf = (epochIndex: number): EpochDetails | undefined => {
    if (!task.reportsDetails) return undefined;
    try {
      return describeEpoch(epochIndex);
    } catch (error) {
      const { message } = error as Error;
      lane.observer.onWarning(
        name,
        `The logs of epoch ${epochIndex} (${plan.name}) lack pictures and histograms: ${message}.`,
      );
      return undefined;
    }
  };
  try {
    const stored = from?.state.stage;
    const restored = stored ? restoreStage({ view, functions }, from!, stored) : undefined;
    best = restored?.best;
    return await fitStage(
      {
        plan,
        imagesOf,
        seed,
        size: member.backbone.inputSize,
        step: (batch, learningRate) =>
          functions.step(withTeacher(batch, plan, task), labelsOf(batch.indices), learningRate),
        swapAverages: () => functions.swapAverages(),
        ...(plan.recalibratesBatchNorm ? { recalibrate: () => functions.recalibrate(fit) } : {}),
        async evaluate() {
          const logits = await functions.logits(tune);
          // Infinite weights may give finite logits here, and none where they are folded for predictions.
          const isUsable = logits.every(Number.isFinite) && areFinite(view.weights.map(({ variable }) => variable));
          if (!isUsable) return { loss: Number.NaN, accuracy: 0 };
          const probabilities = toProbabilities(logits, classes.length);
          const { logLoss, accuracy, ...score } = scoreProbabilities(probabilities, labelsOf(tune), classes);
          confusion = score.confusion;
          if (plan.tuneLoss !== 'balanced') return { loss: logLoss, accuracy };
          return { loss: await balancedLogLoss(probabilities, labelsOf(tune), classes.length), accuracy };
        },
        keep() {
          best?.dispose();
          best = view.snapshot();
        },
        restore: () => best!.restore(),
        restartOptimizer: () => functions.restartOptimizer(),
        copy: () => view.snapshot(),
        restoreMean: ([first, ...others]) => (others.length === 0 ? first!.restore() : first!.restoreMeanWith(others)),
      },
      lane.stop,
      {
        onBatch: (progress) => lane.observer.onBatch(name, progress),
        onEpoch: (epoch) =>
          lane.observer.onEpoch(
            {
              task: name,
              member: member.name,
              fold,
              device: lane.device,
              ...epoch,
              compiled: functions.compiled(),
            },
            detailsOf(epoch.epochIndex),
          ),
        onPause: async ({ progress, copies, retry }, isStopping) =>
          onPause?.(
            {
              stage: {
                progress,
                stepCount: functions.optimizer.stepCount,
                copies: copies.map(({ epochIndex, loss }) => ({ epochIndex, loss })),
              },
              retry,
            },
            () => stageTensors({ view, functions }, { best, copies }),
            isStopping,
          ),
        ...(onRetry && { onRetry }),
      },
      { limit, from: restored?.paused, retry },
    );
  } finally {
    best?.dispose();
    functions.dispose();
  }
}

export function precisionOn({ compute }: Pick<LaneContext, 'compute'>, { precision }: StagePlan): Precision {
  return compute.bfloat16 ? precision : 'float32';
}

// --- internal ---

/**
 * Activation caches for a stage's images. The `head` stage uses the features that all folds share. With augmentation in the
 * training step, frozen layers run in each step.
 */
async function stageCaches(
  classifier: Classifier,
  view: FineTuneView,
  plan: StagePlan,
  task: TrainTask,
  lane: TrainingLane,
) {
  const { fit, tune, features } = task;
  const source = { classifier, view, images: new ImageReader(task.pixels, task.reads) };
  if (plan.trains === 'head' && features !== undefined) {
    const fitCache = ActivationCache.shared(source, features);
    // With a flaw, test images are used as tuning images, which have no shared features.
    const known = new Set(features.indices);
    if (tune.every((index) => known.has(index)))
      return { fitCache, tuneCache: ActivationCache.shared(source, features) };
    const tuneCache = new ActivationCache(source, tune, 1);
    await tuneCache.compute(activationBudgetBytes, lane);
    return { fitCache, tuneCache };
  }
  const fitCache = new ActivationCache(source, fit, viewsPerImage(plan.augmentation), copiesOf(plan, task));
  const tuneCache = new ActivationCache(source, tune, 1);
  const keptBytes = plan.augmentation.kind === 'random' ? 0 : await fitCache.compute(activationBudgetBytes, lane);
  await tuneCache.compute(activationBudgetBytes - keptBytes, lane);
  return { fitCache, tuneCache };
}

/** Copies that only this training uses. */
function copiesOf({ cachedCopies }: StagePlan, { seed }: TrainTask): DrawnCopies | undefined {
  // The augmentation of later stages draws from the task's seed.
  return cachedCopies && { ...cachedCopies, seed: streamSeed(seed, 'cached copies') };
}

/** A batch with its teacher's probabilities, if the stage learns from one. */
function withTeacher(
  batch: AugmentedBatch,
  { loss }: StagePlan,
  { name, classes, teacher }: Pick<TrainTask, 'name' | 'classes' | 'teacher'>,
): AugmentedBatch {
  if (loss.distillation === undefined) return batch;
  if (teacher === undefined) throw new Error(`${name}: its plan has a distillation loss, but its task has no teacher`);
  const rows = new Float32Array(batch.indices.length * classes.length);
  const probabilities = new Float32Array(teacher.probabilities);
  for (const [position, index] of batch.indices.entries()) {
    const start = index * classes.length;
    rows.set(probabilities.subarray(start, start + classes.length), position * classes.length);
  }
  return { ...batch, teacher: rows };
}
