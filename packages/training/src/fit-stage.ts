/** The training loop: epochs of batches, early stopping on `tune`, and keeping the best weights. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BestEpochs, greedySoup, type WeightSnapshot } from '@chorus/models';
import { type AugmentedBatch, augmentedBatches } from './augmentation.ts';
import { TrainingError } from './errors.ts';
import { learningRateAt } from './learning-rate.ts';
import type { StagePlan } from './plan.ts';
import type { BatchProgress, EpochMetrics } from './protocol.ts';
import type { StageName } from './stage-name.ts';
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
  /** The epochs of the soup, if it keeps one. */
  soup?: SoupOfEpochs;
}

export interface StageEvents {
  onBatch(progress: Extract<BatchProgress, { loss: number }>): void;
  onEpoch(epoch: StageEpoch): void;
}

/**
 * Runs a stage to its end, as planned.
 *
 * @param limit the stage starts no epoch that would last beyond the limit if it took as long as the one before it. An epoch during
 * which the limit passes counts for nothing, unless the stage keeps its last weights: then it runs to its end.
 * @throws StoppedError before the next batch once a stop is requested; TrainingError when a loss is not finite.
 */
export async function fitStage<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  stop: StopFlag,
  events: StageEvents,
  limit?: StageLimit,
): Promise<StageEnd> {
  const { stopping } = stage.plan;
  if (stopping.keeps !== 'soup') return runEpochs(stage, stop, events, { limit });
  const best = new BestEpochs<Weights>(stopping.mostEpochs);
  try {
    const onEvaluated = (epochIndex: number | null, loss: number) => best.offer(epochIndex, loss, () => stage.copy());
    const end = await runEpochs(stage, stop, events, { limit, onEvaluated });
    return { ...end, soup: await leaveSoup(stage, stop, best) };
  } finally {
    best.dispose();
  }
}

// --- internal ---

/** @param options `onEvaluated`: called with the loss on `tune` of each epoch and, as epoch null, of the initial weights if they count. */
async function runEpochs<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  stop: StopFlag,
  events: StageEvents,
  {
    limit,
    onEvaluated,
  }: { limit?: StageLimit | undefined; onEvaluated?(epochIndex: number | null, loss: number): void },
): Promise<StageEnd> {
  const { plan, seed, size } = stage;
  const { stopping, epochCount } = plan;
  const keepsBest = stopping.keeps === 'best';
  const patience = stopping.keeps === 'last' ? Number.POSITIVE_INFINITY : stopping.patience;
  const startCounts = stopping.keeps !== 'last' && stopping.startCounts;
  let bestLoss = startCounts ? (await stage.evaluate()).loss : Number.POSITIVE_INFINITY;
  if (startCounts) onEvaluated?.(null, bestLoss);
  let epochsSinceBest = 0;
  if (keepsBest) stage.keep();
  const ended: StageEnd = { epochCount: 0, isCut: false };
  const now = limit?.now ?? Date.now;
  let lastEpochMs = 0;
  for (let epochIndex = 0; epochIndex < epochCount && epochsSinceBest < patience; epochIndex += 1) {
    if (isBeyond(limit, epochIndex, lastEpochMs)) {
      ended.isCut = true;
      break;
    }
    const limitedFromMs = now();
    const startedAtMs = Date.now();
    // The last epoch left the averages in place.
    if (epochIndex > 0) stage.swapAverages?.();
    let lossSum = 0;
    let imageCount = 0;
    let stepIndex = 0;
    let learningRate = 0;
    const images = stage.imagesOf(epochIndex);
    const batchCount = images.length / plan.batchSize;
    const stepCount = plan.wholeBatchesOnly ? Math.floor(batchCount) : Math.ceil(batchCount);
    for (const batch of augmentedBatches(images, plan, { seed, epochIndex, size })) {
      stop.check();
      if (stopping.keeps !== 'last' && isBeyond(limit, epochIndex)) {
        ended.isCut = true;
        break;
      }
      learningRate = learningRateAt(plan.learningRate, { epochIndex, stepIndex, epochCount, stepCount });
      const loss = stage.step(batch, learningRate);
      if (!Number.isFinite(loss))
        throw notFinite(plan.name, learningRate, 'loss', loss, `step ${stepIndex} of epoch ${epochIndex}`);
      lossSum += loss * batch.indices.length;
      imageCount += batch.indices.length;
      events.onBatch({ stage: plan.name, epochIndex, stepIndex, stepCount, loss, learningRate });
      stepIndex += 1;
      // Steps are synchronous native calls; handle messages between them.
      await nextTurn();
    }
    if (ended.isCut) break;
    const trainedUntilMs = Date.now();
    stage.swapAverages?.();
    stage.recalibrate?.();
    const tune = await stage.evaluate();
    if (!Number.isFinite(tune.loss))
      throw notFinite(plan.name, learningRate, 'loss on tune', tune.loss, `epoch ${epochIndex}`);
    onEvaluated?.(epochIndex, tune.loss);
    const best = tune.loss < bestLoss;
    if (best) {
      bestLoss = tune.loss;
      if (keepsBest) stage.keep();
    }
    epochsSinceBest = best ? 0 : epochsSinceBest + 1;
    // Without the report, whose pictures and histograms are no part of the epoch.
    lastEpochMs = now() - limitedFromMs;
    events.onEpoch({
      stage: plan.name,
      epochIndex,
      startedAtMs,
      trainedUntilMs,
      finishedAtMs: Date.now(),
      stepCount,
      loss: lossSum / imageCount,
      tuneLoss: tune.loss,
      tuneAccuracy: tune.accuracy,
      learningRate,
      best,
    });
    ended.epochCount += 1;
  }
  if (keepsBest) stage.restore();
  return ended;
}

/** Leaves the soup's weights in place. */
async function leaveSoup<Weights extends { dispose(): void }>(
  stage: Stage<Weights>,
  stop: StopFlag,
  best: BestEpochs<Weights>,
): Promise<SoupOfEpochs> {
  const use = (copies: readonly Weights[]) => {
    stage.restoreMean(copies);
    // Statistics of other weights do not fit their mean; those of a single epoch were copied with it.
    if (copies.length > 1) stage.recalibrate?.();
  };
  const { epochs, loss } = await greedySoup(best.sorted, async (copies) => {
    stop.check();
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

function notFinite(stage: StageName, learningRate: number, what: string, value: number, where: string): TrainingError {
  return new TrainingError(
    `the ${what} became ${value} in ${where} of stage "${stage}" at learning rate ${learningRate}; try a lower rate`,
  );
}
