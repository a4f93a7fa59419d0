/** The training loop: epochs of batches, early stopping on `tune`, the best weights kept. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { epochBatches, type ImageBatch } from '@chorus/data';
import type { EpochMetrics, StageName } from '../lanes/protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** What one stage of a recipe does with a model; `fitStage` decides when. */
export interface Stage {
  name: StageName;
  /** Images of the store to learn from. */
  fit: Uint32Array;
  seed: number;
  batchSize: number;
  flip: boolean;
  /** See the flaw of this name. */
  wholeBatchesOnly: boolean;
  epochCount: number;
  patience: number;
  /** Which weights the stage ends with: of the epoch that was best on `tune`, or (a flaw) of the last one. */
  keeps: 'best' | 'last';
  learningRate: number;
  /** One optimizer step; returns the batch's mean loss before it. */
  step(batch: ImageBatch, learningRate: number): number;
  /** Makes the model fit to be evaluated, such as by a pass over its BatchNorm statistics. */
  recalibrate?(): void;
  /** Mean loss and accuracy on `tune`. */
  evaluate(): { loss: number; accuracy: number };
  /** Remembers the present weights as the best. */
  keep(): void;
  /** Puts the remembered weights back. */
  restore(): void;
}

/** What a stage tells about an epoch; the caller adds whose it is. */
export type StageEpoch = Omit<EpochMetrics, 'task' | 'member' | 'part' | 'device' | 'compiled'>;

export interface StageEvents {
  onBatch(progress: { stage: StageName; epochIndex: number; stepIndex: number; stepCount: number }): void;
  onEpoch(epoch: StageEpoch): void;
}

/**
 * Runs a stage to its end or until `tune` has not improved for `patience` epochs, then restores the best weights.
 *
 * Trained weights that it starts from count as the first candidate, so that it can never make a member worse on `tune`. A
 * stage that keeps the last weights runs all its epochs.
 *
 * @throws StoppedError at a batch edge once `stop` is raised; Error when a loss is not a finite number.
 */
export async function fitStage(stage: Stage, stop: StopFlag, events: StageEvents): Promise<void> {
  let bestLoss = stage.name === 'whole' ? Number.POSITIVE_INFINITY : stage.evaluate().loss;
  let epochsSinceBest = 0;
  const keepsBest = stage.keeps === 'best';
  if (keepsBest) stage.keep();
  const patience = keepsBest ? stage.patience : Number.POSITIVE_INFINITY;
  const batchCount = stage.fit.length / stage.batchSize;
  const stepCount = stage.wholeBatchesOnly ? Math.floor(batchCount) : Math.ceil(batchCount);
  for (let epochIndex = 0; epochIndex < stage.epochCount && epochsSinceBest < patience; epochIndex += 1) {
    const startedAtMs = Date.now();
    let lossSum = 0;
    let imageCount = 0;
    let stepIndex = 0;
    for (const batch of epochBatches(stage.fit, { ...stage, epochIndex, shuffle: true })) {
      stop.check();
      const loss = stage.step(batch, stage.learningRate);
      if (!Number.isFinite(loss)) throw notFinite(stage, 'loss', loss, `step ${stepIndex} of epoch ${epochIndex}`);
      lossSum += loss * batch.indices.length;
      imageCount += batch.indices.length;
      events.onBatch({ stage: stage.name, epochIndex, stepIndex, stepCount });
      stepIndex += 1;
      // Steps are synchronous native calls: give messages their turn.
      await nextTurn();
    }
    const trainedUntilMs = Date.now();
    stage.recalibrate?.();
    const tune = stage.evaluate();
    if (!Number.isFinite(tune.loss)) throw notFinite(stage, 'loss on tune', tune.loss, `epoch ${epochIndex}`);
    const best = tune.loss < bestLoss;
    if (best) {
      bestLoss = tune.loss;
      if (keepsBest) stage.keep();
    }
    epochsSinceBest = best ? 0 : epochsSinceBest + 1;
    events.onEpoch({
      stage: stage.name,
      epochIndex,
      startedAtMs,
      trainedUntilMs,
      finishedAtMs: Date.now(),
      stepCount,
      loss: lossSum / imageCount,
      tuneLoss: tune.loss,
      tuneAccuracy: tune.accuracy,
      learningRate: stage.learningRate,
      best,
    });
  }
  if (keepsBest) stage.restore();
}

// --- internal ---

function notFinite({ name, learningRate }: Stage, what: string, value: number, where: string): Error {
  return new Error(
    `the ${what} became ${value} in ${where} of stage "${name}" at learning rate ${learningRate}; try a lower one`,
  );
}
