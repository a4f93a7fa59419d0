/** Trains a member on one fold, from its initial weights to its published folder. */
import { drawBalanced } from '@chorus/data';
import { balancedLogLoss, scoreProbabilities } from '@chorus/evaluation';
import {
  type Classifier,
  type FineTuneView,
  memberToBytes,
  positionsOf,
  streamSeed,
  toProbabilities,
  viewsOf,
} from '@chorus/models';
import { ActivationCache, activationBudgetBytes } from './activation-cache.ts';
import { type AugmentedBatch, viewsPerImage } from './augmentation.ts';
import type { DrawnCopies } from './cached-copies.ts';
import { augmentedImages, trainedWeights } from './epoch-details.ts';
import { fitStage, type StageEnd, type StageLimit } from './fit-stage.ts';
import { forwardRows, numbersOf } from './forward-rows.ts';
import { prepareImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { initialClassifier } from './initial-classifier.ts';
import type { LaneContext, TrainingLane } from './lane-context.ts';
import { type MemberRecord, type TrainedMember, writeMember } from './member-folder.ts';
import type { MemberPlan, Precision, StagePlan } from './plan.ts';
import { meanOfViews } from './predict-images.ts';
import { type EpochDetails, mostConfusionClasses, type TrainTask } from './protocol.ts';
import { requireFinite } from './require-finite.ts';
import { StageFunctions } from './stage-functions.ts';
import { recipeOf, type TrainedPlan, trainedPlanOf } from './trained-plan.ts';
import { hasCrops, viewsToPredict } from './views.ts';

/**
 * Trains a member according to its plan, predicts its out-of-fold images, and publishes it.
 *
 * @returns the published member, without the weights.
 * @throws StoppedError before the next batch once a stop is requested; ModelError or StorageError for invalid initial weights;
 * TrainingError when a loss is not finite.
 */
export async function trainMember(task: TrainTask, lane: LaneContext): Promise<Omit<TrainedMember, 'weights'>> {
  const startedAtMs = Date.now();
  const { stages } = task.member;
  const classifier = await initialClassifier(task);
  try {
    const { cutStages, soups } = await runStages(classifier, task, lane);
    lane.observer.onStage(task.name, 'predict');
    const rows = await predictViews(classifier, task, lane);
    requireFinite(rows, task.outOfFold, task.name);
    const { manifest, weights } = memberToBytes(classifier);
    const trained = {
      record: {
        device: lane.device,
        backingDevice: lane.backingDevice(classifier.weights[0]!.variable),
        precision: stages.some((stage) => precisionOn(lane, stage) === 'bfloat16')
          ? ('bfloat16' as const)
          : ('float32' as const),
        seconds: (Date.now() - startedAtMs) / 1000,
        recipe: recipeOf(task.member),
        weights: describeWeights(task),
        ...(soups.length === 0 ? {} : { soups }),
        plan: planOf(task),
        ...(cutStages.length === 0 ? {} : { cutStages }),
      },
      manifest,
      ...outOfFoldPredictions(rows, classifier.outputCount, task.member),
    };
    await writeMember(task.folder, { ...trained, weights: task.keepsWeights ? weights : undefined });
    return trained;
  } finally {
    classifier.dispose();
  }
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
    microBatchSize: plan.microBatchSize,
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
 * @returns how far the stage came.
 */
export async function runStage(
  classifier: Classifier,
  plan: StagePlan,
  task: TrainTask,
  lane: TrainingLane,
  limit?: StageLimit,
): Promise<StageEnd> {
  const { name, member, fold, fit, tune, seed, classes } = task;
  const { view, functions, labelsOf, imagesOf } = await openStage(classifier, plan, task, lane);
  lane.observer.onStage(name, plan.name);
  let best = view.snapshot();
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
          if (!logits.every(Number.isFinite)) return { loss: Number.NaN, accuracy: 0 };
          const probabilities = toProbabilities(logits, classes.length);
          const { logLoss, accuracy, ...score } = scoreProbabilities(probabilities, labelsOf(tune), classes);
          confusion = score.confusion;
          if (plan.tuneLoss !== 'balanced') return { loss: logLoss, accuracy };
          return { loss: await balancedLogLoss(probabilities, labelsOf(tune), classes.length), accuracy };
        },
        keep() {
          best.dispose();
          best = view.snapshot();
        },
        restore: () => best.restore(),
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
      },
      limit,
    );
  } finally {
    best.dispose();
    functions.dispose();
  }
}

// --- internal ---

interface EndedStages {
  cutStages: NonNullable<MemberRecord['cutStages']>;
  soups: NonNullable<MemberRecord['soups']>;
}

/** Runs the stages; returns those that the task's limit ended, and the soups. */
async function runStages(classifier: Classifier, task: TrainTask, lane: TrainingLane): Promise<EndedStages> {
  const { member, limit } = task;
  const ended: EndedStages = { cutStages: [], soups: [] };
  for (const [index, stage] of member.stages.entries()) {
    const isFirst = index === 0;
    const hasTime = limit === undefined || Date.now() + 1000 * limit.stageStartSeconds[index]! <= limit.deadlineAtMs;
    const stageLimit = limit && { deadlineAtMs: limit.deadlineAtMs, needsEpoch: isFirst };
    const { epochCount, isCut, soup }: StageEnd =
      isFirst || hasTime ? await runStage(classifier, stage, task, lane, stageLimit) : { epochCount: 0, isCut: true };
    if (isCut) ended.cutStages.push({ stage: stage.name, epochCount });
    if (soup !== undefined) ended.soups.push({ stage: stage.name, ...soup });
  }
  return ended;
}

function precisionOn({ compute }: Pick<LaneContext, 'compute'>, { precision }: StagePlan): Precision {
  return compute.bfloat16 ? precision : 'float32';
}

/** Logits of the views of the out-of-fold images: [outOfFold × views, outputs]. */
async function predictViews(
  classifier: Classifier,
  task: TrainTask,
  { compute, stop }: LaneContext,
): Promise<Float32Array> {
  const images = new ImageReader(task.pixels, task.reads);
  const { features, outOfFold, member } = task;
  const views = viewsToPredict(member.testTimeAugmentation);
  const options = { width: classifier.outputCount, views, stop };
  if (features === undefined || !member.features?.predict) {
    const rowCount = outOfFold.length * views.length;
    const output = { output: 'logits', rowCount, hasCrops: hasCrops(views) } as const;
    const logits = await prepareImageFunction(classifier, output, compute);
    try {
      return await forwardRows(outOfFold, options, (batch) => logits.rows(images, batch));
    } finally {
      await logits.dispose();
    }
  }
  const view = classifier.fineTuneView('head', { batchNorm: 'moving' });
  const cache = ActivationCache.shared({ classifier, view, images }, features);
  return forwardRows(outOfFold, options, (batch) =>
    numbersOf(() => view.suffix(cache.input(batch), { training: false })),
  );
}

/**
 * Averages the logits of each image's views. If the run chooses what to average, the image and its mirror image are, and the
 * logits of all views are kept.
 */
function outOfFoldPredictions(
  rows: Float32Array,
  width: number,
  { testTimeAugmentation }: MemberPlan,
): Pick<TrainedMember, 'outOfFoldLogits' | 'outOfFoldViews'> {
  const views = viewsToPredict(testTimeAugmentation);
  const viewsPerImage = views.length;
  if (testTimeAugmentation !== 'auto') return { outOfFoldLogits: meanOfViews(rows, { width, viewsPerImage }) };
  const positions = positionsOf(viewsOf(true), views);
  return { outOfFoldLogits: meanOfViews(rows, { width, viewsPerImage, positions }), outOfFoldViews: rows };
}

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

function planOf({ member, fold, seed, fit, tune, outOfFold, teacher }: TrainTask): TrainedPlan {
  const counts = { fit: fit.length, tune: tune.length, outOfFold: outOfFold.length };
  return trainedPlanOf(member, { fold, seed, ...counts, teacher: teacher?.sha256 });
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

function describeWeights({ member: { weights } }: TrainTask): TrainedMember['record']['weights'] {
  if (weights.kind === 'random') return { source: 'random', sha256: null };
  const { path, sha256, note } = weights;
  return { source: path, sha256, ...(note === undefined ? {} : { note }) };
}
