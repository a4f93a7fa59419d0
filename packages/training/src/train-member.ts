/** Trains a member on one fold, from its initial weights to its published folder. */
import { type Classifier, memberToBytes, positionsOf, viewsOf } from '@chorus/models';
import { UnwritableError } from '@chorus/storage';
import { ActivationCache } from './activation-cache.ts';
import { TrainingCheckpoints } from './checkpoint/training-checkpoints.ts';
import { forwardRows, numbersOf } from './forward-rows.ts';
import { withHalvedBatches } from './halved-batches.ts';
import { prepareImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { initialClassifier } from './initial-classifier.ts';
import type { LaneContext } from './lane-context.ts';
import { prepareBatch } from './lane-progress.ts';
import { type TrainedMember, writeMember } from './member-folder.ts';
import type { MemberPlan } from './plan.ts';
import { meanOfViews } from './predict-images.ts';
import type { TrainingResult, TrainTask } from './protocol.ts';
import { requireFinite } from './require-finite.ts';
import { precisionOn } from './run-stage.ts';
import { type EndedStages, trainStages } from './train-stages.ts';
import { recipeOf, type TrainedPlan, trainedPlanOf } from './trained-plan.ts';
import { hasCrops, viewsToPredict } from './views.ts';

/**
 * Trains a member according to its plan, predicts its out-of-fold images, and publishes it.
 *
 * @returns the published member, without the weights; with them if its folder cannot be written, for example on a full disk.
 * @throws StoppedError before the next batch once a stop is requested; ModelError or StorageError for invalid initial weights;
 * StorageError for a checkpoint that does not fit; TrainingError when a loss is not finite; RuntimeError when the device's memory does not
 * suffice for half batches either.
 */
export function trainMember(task: TrainTask, lane: LaneContext): Promise<TrainingResult> {
  return withHalvedBatches(task, lane, (attempt) => trainAndPublish(attempt, lane));
}

// --- internal ---

async function trainAndPublish(task: TrainTask, lane: LaneContext): Promise<TrainingResult> {
  const startedAtMs = Date.now();
  const checkpoints =
    task.checkpoints &&
    (await TrainingCheckpoints.open(task.checkpoints, planOf(task), {
      warn: (message) => lane.observer.onWarning(task.name, message),
    }));
  const classifier = await initialClassifier(task);
  try {
    const trained = await trainStages(classifier, task, lane, checkpoints, async (ended) => {
      lane.observer.onStage(task.name, 'predict');
      const rows = await predictViews(classifier, task, lane);
      requireFinite(rows, task.outOfFold, task.name);
      prepareBatch();
      const { manifest, weights } = memberToBytes(classifier);
      const seconds = checkpoints?.seconds ?? (Date.now() - startedAtMs) / 1000;
      const record = recordOf(classifier, task, lane, { ...ended, seconds });
      const predictions = outOfFoldPredictions(rows, classifier.outputCount, task.member);
      const member = { record, manifest, ...predictions, weights: task.keepsWeights ? weights : undefined };
      const reason = await whyUnpublished(task.folder, member);
      return { record, manifest, ...predictions, ...(reason !== undefined && { unpublished: { member, reason } }) };
    });
    // Until the member is published, a resumed run needs them.
    if (trained.unpublished === undefined) await checkpoints?.remove();
    return trained;
  } finally {
    classifier.dispose();
  }
}

/** Publishes a member; returns why its folder cannot be written. */
async function whyUnpublished(folder: string, member: TrainedMember): Promise<string | undefined> {
  try {
    await writeMember(folder, member);
    return undefined;
  } catch (error) {
    if (error instanceof UnwritableError) return error.message;
    throw error;
  }
}

function recordOf(
  classifier: Classifier,
  task: TrainTask,
  lane: LaneContext,
  { cutStages, soups, retry, seconds }: EndedStages & { seconds: number },
): TrainedMember['record'] {
  const isReduced = task.member.stages.some((stage) => precisionOn(lane, stage) === 'bfloat16');
  return {
    device: lane.device,
    backingDevice: lane.backingDevice(classifier.weights[0]!.variable),
    precision: isReduced ? 'bfloat16' : 'float32',
    seconds,
    recipe: recipeOf(task.member),
    weights: describeWeights(task),
    ...(soups.length === 0 ? {} : { soups }),
    ...(retry === null ? {} : { retry }),
    plan: planOf(task),
    ...(cutStages.length === 0 ? {} : { cutStages }),
  };
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

function planOf({ member, fold, seed, dataset, fit, tune, outOfFold, teacher }: TrainTask): TrainedPlan {
  const counts = { fit: fit.length, tune: tune.length, outOfFold: outOfFold.length };
  return trainedPlanOf(member, { fold, seed, dataset, ...counts, teacher: teacher?.sha256 });
}

function describeWeights({ member: { weights } }: TrainTask): TrainedMember['record']['weights'] {
  if (weights.kind === 'random') return { source: 'random', sha256: null };
  const { path, sha256, note } = weights;
  return { source: path, sha256, ...(note === undefined ? {} : { note }) };
}
