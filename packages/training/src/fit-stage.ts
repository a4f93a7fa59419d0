/** The training loop: epochs of batches, early stopping on `tune`, and keeping the best weights. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AugmentedBatch, augmentedBatches } from './augmentation.ts';
import { TrainingError } from './errors.ts';
import { learningRateAt } from './learning-rate.ts';
import type { StageName, StagePlan } from './plan.ts';
import type { EpochMetrics } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** The part of a stage's plan that the loop depends on. */
export type LoopPlan = Pick<
  StagePlan,
  'name' | 'learningRate' | 'augmentation' | 'batchSize' | 'wholeBatchesOnly' | 'epochCount' | 'stopping'
>;

/** The operations of a stage on its model, which {@link fitStage} calls. */
export interface Stage {
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
}

export interface StageEvents {
  onBatch(progress: { stage: StageName; epochIndex: number; stepIndex: number; stepCount: number }): void;
  onEpoch(epoch: StageEpoch): void;
}

/**
 * Runs a stage to its end, as planned.
 *
 * @param limit the stage starts no epoch that would last beyond the limit if it took as long as the one before it. An epoch during
 * which the limit passes counts for nothing if the stage keeps its best weights, and otherwise runs to its end.
 * @throws StoppedError before the next batch once a stop is requested; TrainingError when a loss is not finite.
 */
export async function fitStage(
  stage: Stage,
  stop: StopFlag,
  events: StageEvents,
  limit?: StageLimit,
): Promise<StageEnd> {
  const { plan, seed, size } = stage;
  const { stopping, epochCount } = plan;
  const keepsBest = stopping.keeps === 'best';
  const patience = keepsBest ? stopping.patience : Number.POSITIVE_INFINITY;
  let bestLoss = keepsBest && stopping.startCounts ? (await stage.evaluate()).loss : Number.POSITIVE_INFINITY;
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
      if (keepsBest && isBeyond(limit, epochIndex)) {
        ended.isCut = true;
        break;
      }
      learningRate = learningRateAt(plan.learningRate, { epochIndex, stepIndex, epochCount, stepCount });
      const loss = stage.step(batch, learningRate);
      if (!Number.isFinite(loss))
        throw notFinite(plan.name, learningRate, 'loss', loss, `step ${stepIndex} of epoch ${epochIndex}`);
      lossSum += loss * batch.indices.length;
      imageCount += batch.indices.length;
      events.onBatch({ stage: plan.name, epochIndex, stepIndex, stepCount });
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
    const best = tune.loss < bestLoss;
    if (best) {
      bestLoss = tune.loss;
      if (keepsBest) stage.keep();
    }
    epochsSinceBest = best ? 0 : epochsSinceBest + 1;
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
    lastEpochMs = now() - limitedFromMs;
  }
  if (keepsBest) stage.restore();
  return ended;
}

// --- internal ---

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
