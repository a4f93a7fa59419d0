/** The training loop: epochs of batches, early stopping on `tune`, and keeping the best weights. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BestEpochs, type EpochWeights, greedySoup, type WeightSnapshot } from '@chorus/models';
import { type AugmentedBatch, augmentedBatches } from './augmentation.ts';
import type { StageProgress } from './checkpoint/stage-progress.ts';
import { TrainingError } from './errors.ts';
import { countBatch, prepareBatch } from './lane-progress.ts';
import { learningRateAt } from './learning-rate.ts';
import type { StagePlan } from './plan.ts';
import type { BatchProgress, EpochMetrics } from './protocol.ts';
import { NotFiniteError, type Retry, retryFailed, retryRateFactor } from './retry.ts';
import type { StopFlag } from './stop-flag.ts';

/** The part of a stage's plan that the loop depends on. */
export type LoopPlan = Pick<
  StagePlan,
  | 'name'
  | 'learningRate'
  | 'augmentation'
  | 'cachedCopies'
  | 'batchSize'
  | 'wholeBatchesOnly'
  | 'epochCount'
  | 'stopping'
>;

/** The operations of a stage on its model, which {@link fitStage} calls. */
export interface Stage<Weights extends { dispose(): void } = WeightSnapshot> {
  plan: LoopPlan;
  /** Training image indices of an epoch, equally many in each. */
  imagesOf(epochIndex: number): Uint32Array;
  /** Seed of the order and the augmentation. */
  seed: number;
  /** Side of the images in pixels. */
  size: number;
  /** One optimizer step; returns the batch's mean loss before it. */
  step(batch: AugmentedBatch, learningRate: number): number;
  /** Exchanges the weights and their moving averages, which are evaluated and kept in place of the weights. */
  swapAverages?(): void;
  /** Prepares the model for evaluation, such as by recalibrating BatchNorm. */
  recalibrate?(): void;
  /** Mean loss and accuracy on `tune`. */
  evaluate(): Promise<{ loss: number; accuracy: number }>;
  /** Keeps the current weights as the best ones. */
  keep(): void;
  /** Restores the weights of the last {@link keep}. */
  restore(): void;
  /** Sets the optimizer and the moving averages to their state before the first step with the current weights. */
  restartOptimizer(): void;
  /** Copies the current weights, for a soup. */
  copy(): Weights;
  /** Sets the weights to the mean of copies. */
  restoreMean(copies: readonly Weights[]): void;
}

/** What a stage has kept in place of the weights of one epoch. */
export interface SoupOfEpochs {
  /** In the order in which they were added; null for the initial weights of the stage. */
  epochs: (number | null)[];
  tuneLoss: number;
}

/** Metrics of an epoch; the caller adds those of the task. */
export type StageEpoch = Omit<EpochMetrics, 'task' | 'member' | 'fold' | 'device' | 'compiled'>;

/** When a stage has to end, even if epochs are left. */
export interface StageLimit {
  /** Milliseconds since the Unix epoch. */
  deadlineAtMs: number;
  /** Whether the first epoch runs to its end in any case, because the weights are useless without it. */
  needsEpoch: boolean;
  /** The current time in milliseconds since the Unix epoch; by default that of the system. */
  now?(): number;
}

/** How far a stage came. */
export interface StageEnd {
  /** Number of whole epochs. */
  epochCount: number;
  /** Whether the limit ended it. */
  isCut: boolean;
  /** Number of steps, without those before a retry that it does not continue from. */
  stepCount: number;
  /** The epochs of the soup, if it keeps one. */
  soup?: SoupOfEpochs;
  /** The retry that the training has had. */
  retry: Retry | null;
}

/** A stage between two steps: with its tensors, all that is needed to continue it. */
export interface PausedStage<Weights = WeightSnapshot> {
  progress: StageProgress;
  /** The best epochs so far, the best one first, if the stage keeps a soup. */
  copies: readonly EpochWeights<Weights>[];
  /** The retry that the training has had. */
  retry: Retry | null;
}

export interface StageEvents<Weights = WeightSnapshot> {
  onBatch(progress: Extract<BatchProgress, { loss: number }>): void;
  onEpoch(epoch: StageEpoch): void;
  /**
   * Called before each step, and before each evaluation of a soup; the stage continues when it has settled.
   *
   * @param paused the stage keeps ownership of the copies.
   * @param isStopping whether the stage throws StoppedError afterwards.
   */
  onPause?(paused: PausedStage<Weights>, isStopping: boolean): Promise<void>;
  /** Called when a loss is not finite, and the stage continues from earlier weights. */
  onRetry?(retry: Retry, progress: StageProgress): void;
}

export interface FitOptions<Weights = WeightSnapshot> {
  limit?: StageLimit | undefined;
  /** Where to continue the stage, whose tensors are restored already; takes ownership of the copies. By default, it starts. */
  from?: Omit<PausedStage<Weights>, 'retry'> | undefined;
  /** The retry that the training has had, if any. */
  retry?: Retry | null | undefined;
}

/**
 * Runs a stage to its end, as planned. The first time that a loss of the training is not finite, the stage goes back to its best
 * weights so far, and continues after their epoch with a new optimizer at a tenth of the planned rates. Nothing of this depends on
 * time, so that a training that is stopped and continued does the same.
 *
 * @param options `limit`: the stage starts no epoch that would last beyond the limit if it took as long as the one before it. An epoch
 * during which the limit passes counts for nothing, unless the stage keeps its last weights: then it runs to its end.
 * @throws StoppedError before the next batch once a stop is requested; TrainingError when a loss is not finite after a retry, or with
 * the initial weights.
 */
export async function fitStage<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  stop: StopFlag,
  events: StageEvents<Weights>,
  { limit, from, retry: earlierRetry }: FitOptions<Weights> = {},
): Promise<StageEnd> {
  const { stopping } = stage.plan;
  const best = stopping.keeps === 'soup' ? new BestEpochs<Weights>(stopping.mostEpochs, from?.copies) : undefined;
  let retry = earlierRetry ?? null;
  const pause = async (progress: StageProgress) => {
    // Read once: a stop that is requested meanwhile ends the stage at its next pause.
    const isStopping = stop.raised;
    await events.onPause?.({ progress, copies: best?.sorted ?? [], retry }, isStopping);
    if (isStopping) stop.check();
  };
  try {
    const progress = from === undefined ? await start(stage, best) : { ...from.progress };
    let isPaused = from !== undefined;
    while (progress.end === null)
      try {
        await runEpochs(stage, progress, { best, limit, pause, events, isPaused, rateFactor: retry?.rateFactor });
      } catch (error) {
        if (!(error instanceof NotFiniteError)) throw error;
        if (retry !== null) throw retryFailed(error, retry);
        retry = { ...error.broken, fromEpochIndex: progress.bestEpochIndex, rateFactor: retryRateFactor };
        goBack(stage, progress, best);
        events.onRetry?.(retry, progress);
        isPaused = false;
      }
    const { stepCount, end } = progress;
    const ended = { ...end, stepCount, retry };
    if (best === undefined) return ended;
    return { ...ended, soup: await leaveSoup(stage, best, () => pause(progress)) };
  } finally {
    best?.dispose();
  }
}

// --- internal ---

/** The progress of a stage before its first epoch; its initial weights may count as one. */
async function start<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  best: BestEpochs<Weights> | undefined,
): Promise<StageProgress> {
  const { stopping } = stage.plan;
  const startCounts = stopping.keeps !== 'last' && stopping.startCounts;
  const bestLoss = startCounts ? (await stage.evaluate()).loss : null;
  if (bestLoss !== null && !Number.isFinite(bestLoss))
    throw new TrainingError(
      `the loss on tune is ${bestLoss} before the first step of stage "${stage.plan.name}"; its initial weights are unusable`,
    );
  if (bestLoss !== null) best?.offer(null, bestLoss, () => stage.copy());
  // A retry may need them.
  stage.keep();
  const epoch = { epochIndex: 0, ...epochStart, lastEpochMs: 0 };
  return { ...epoch, stepCount: 0, bestLoss, bestEpochIndex: null, epochsSinceBest: 0, end: null };
}

/** Goes back to the best weights so far, at the end of their epoch or the start of the stage. */
function goBack<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  at: StageProgress,
  best: BestEpochs<Weights> | undefined,
): void {
  const epochIndex = at.bestEpochIndex === null ? 0 : at.bestEpochIndex + 1;
  stage.restore();
  stage.restartOptimizer();
  best?.dropFrom(epochIndex);
  const stepCount = epochIndex * stepCountOf(stage.imagesOf(0), stage.plan);
  Object.assign(at, { epochIndex, stepCount, epochsSinceBest: 0, ...epochStart });
}

/** Progress within an epoch before its first step. */
const epochStart = { stepIndex: 0, lossSum: 0, imageCount: 0, epochMs: 0 };

function stepCountOf(images: Uint32Array, { batchSize, wholeBatchesOnly }: LoopPlan): number {
  const batchCount = images.length / batchSize;
  return wholeBatchesOnly ? Math.floor(batchCount) : Math.ceil(batchCount);
}

interface LoopOptions<Weights extends { dispose(): void }> {
  best: BestEpochs<Weights> | undefined;
  limit: StageLimit | undefined;
  pause(progress: StageProgress): Promise<void>;
  events: StageEvents<Weights>;
  /** Whether the stage was paused within the epoch of its progress. */
  isPaused: boolean;
  /** Factor of the planned learning rates. */
  rateFactor: number | undefined;
}

/**
 * @param at its progress, which is kept up to date.
 * @throws NotFiniteError for a loss that is not finite.
 */
async function runEpochs<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  at: StageProgress,
  { best, limit, pause, events, isPaused, rateFactor }: LoopOptions<Weights>,
): Promise<void> {
  const { plan, seed, size } = stage;
  const { stopping, epochCount } = plan;
  const patience = stopping.keeps === 'last' ? Number.POSITIVE_INFINITY : stopping.patience;
  const now = limit?.now ?? Date.now;
  let isContinued = isPaused;
  let isCut = false;
  for (; at.epochIndex < epochCount && at.epochsSinceBest < patience; at.epochIndex += 1) {
    const { epochIndex } = at;
    if (!isContinued && isBeyond(limit, epochIndex, at.lastEpochMs)) {
      isCut = true;
      break;
    }
    const limitedFromMs = now() - at.epochMs;
    const startedAtMs = Date.now();
    // The last epoch left the averages in place.
    if (!isContinued && epochIndex > 0) stage.swapAverages?.();
    isContinued = false;
    let learningRate = 0;
    const images = stage.imagesOf(epochIndex);
    const stepCount = stepCountOf(images, plan);
    const batches = augmentedBatches(images, plan, { seed, epochIndex, size });
    for (let skipped = 0; skipped < at.stepIndex; skipped += 1) batches.next();
    for (const batch of batches) {
      at.epochMs = now() - limitedFromMs;
      await pause({ ...at });
      if (stopping.keeps !== 'last' && isBeyond(limit, epochIndex)) {
        isCut = true;
        break;
      }
      const { stepIndex } = at;
      const place = { epochIndex, stepIndex, epochCount, stepCount };
      learningRate = (rateFactor ?? 1) * learningRateAt(plan.learningRate, place);
      const loss = stage.step(batch, learningRate);
      if (!Number.isFinite(loss))
        throw new NotFiniteError({ stage: plan.name, epochIndex, stepIndex, learningRate, loss });
      at.lossSum += loss * batch.indices.length;
      at.imageCount += batch.indices.length;
      events.onBatch({ stage: plan.name, epochIndex, stepIndex, stepCount, loss, learningRate });
      at.stepIndex += 1;
      at.stepCount += 1;
      countBatch();
      // Steps are synchronous native calls; handle messages between them.
      await nextTurn();
    }
    if (isCut) break;
    const trainedUntilMs = Date.now();
    // The first evaluation is compiled.
    prepareBatch();
    stage.swapAverages?.();
    stage.recalibrate?.();
    const tune = await stage.evaluate();
    if (!Number.isFinite(tune.loss))
      throw new NotFiniteError({ stage: plan.name, epochIndex, stepIndex: null, learningRate, loss: tune.loss });
    best?.offer(epochIndex, tune.loss, () => stage.copy());
    const isBest = at.bestLoss === null || tune.loss < at.bestLoss;
    if (isBest) {
      Object.assign(at, { bestLoss: tune.loss, bestEpochIndex: epochIndex });
      stage.keep();
    }
    at.epochsSinceBest = isBest ? 0 : at.epochsSinceBest + 1;
    // Without the report, whose pictures and histograms are no part of the epoch.
    at.lastEpochMs = now() - limitedFromMs;
    events.onEpoch({
      stage: plan.name,
      epochIndex,
      startedAtMs,
      trainedUntilMs,
      finishedAtMs: Date.now(),
      stepCount,
      loss: at.lossSum / at.imageCount,
      tuneLoss: tune.loss,
      tuneAccuracy: tune.accuracy,
      learningRate,
      best: isBest,
      ...(rateFactor !== undefined && { rateFactor }),
    });
    Object.assign(at, epochStart);
  }
  if (stopping.keeps === 'best') stage.restore();
  at.end = { epochCount: at.epochIndex, isCut };
}

/** Leaves the soup's weights in place. */
async function leaveSoup<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  best: BestEpochs<Weights>,
  pause: () => Promise<void>,
): Promise<SoupOfEpochs> {
  const use = (copies: readonly Weights[]) => {
    stage.restoreMean(copies);
    // Statistics of other weights do not fit their mean; those of a single epoch were copied with it.
    if (copies.length > 1) stage.recalibrate?.();
  };
  const { epochs, loss } = await greedySoup(best.sorted, async (copies) => {
    await pause();
    use(copies);
    return (await stage.evaluate()).loss;
  });
  use(epochs.map(({ weights }) => weights));
  return { epochs: epochs.map(({ epochIndex }) => epochIndex), tuneLoss: loss };
}

/** Whether something that takes `ms` would last beyond the limit. */
function isBeyond(limit: StageLimit | undefined, epochIndex: number, ms = 0): boolean {
  if (limit === undefined || (epochIndex === 0 && limit.needsEpoch)) return false;
  return (limit.now ?? Date.now)() + ms > limit.deadlineAtMs;
}
