/** Sweeps over learning rates: training steps whose rate rises until the loss diverges, to find a rate for a stage. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { augmentedBatches } from './augmentation.ts';
import { TrainingError } from './errors.ts';
import { initialClassifier } from './initial-classifier.ts';
import type { TrainingLane } from './lane-context.ts';
import { type LearningRate, learningRateAt } from './learning-rate.ts';
import type { StagePlan } from './plan.ts';
import type { TrainTask } from './protocol.ts';
import { openStage, runStage } from './run-stage.ts';
import type { StageName } from './stage-name.ts';
import { type RateCurve, smoothed } from './suggest-rate.ts';

export interface RateSweepOptions {
  /** Stages to sweep over; the others are trained as planned where a later one is swept. */
  stages: readonly StageName[];
  /** Learning rates of the first and of the last step. */
  lowest: number;
  highest: number;
  /** Maximum number of steps; a sweep has at most those of one epoch. */
  stepCount: number;
}

export interface RateSweep extends RateCurve {
  stage: StageName;
}

/** Fewest steps from which a rate can be suggested. */
export const fewestSweepSteps = 16;

/**
 * Sweeps over the learning rates of a member's stages, with the optimizer, the batches and the augmentation of the plan. A sweep
 * ends when the smoothed loss exceeds four times its lowest value, as in fastai. The stage's weights are then restored.
 *
 * @param task its folder is not used.
 * @returns a sweep per stage, in the order of the plan.
 * @throws TrainingError for too few images; StoppedError before the next batch once a stop is requested; ModelError or
 * StorageError for invalid initial weights.
 */
export async function sweepRates(task: TrainTask, lane: TrainingLane, options: RateSweepOptions): Promise<RateSweep[]> {
  const { stages } = task.member;
  const last = stages.findLastIndex(({ name }) => options.stages.includes(name));
  const classifier = await initialClassifier(task);
  const sweeps: RateSweep[] = [];
  try {
    for (const [index, plan] of stages.slice(0, last + 1).entries()) {
      if (options.stages.includes(plan.name)) sweeps.push(await sweepStage(classifier, plan, task, lane, options));
      if (index < last) await runStage(classifier, plan, task, lane);
    }
    return sweeps;
  } finally {
    classifier.dispose();
  }
}

// --- internal ---

async function sweepStage(
  classifier: Parameters<typeof openStage>[0],
  plan: StagePlan,
  task: TrainTask,
  lane: TrainingLane,
  { lowest, highest, ...options }: RateSweepOptions,
): Promise<RateSweep> {
  const { fit, seed, name } = task;
  const stepCount = Math.min(options.stepCount, Math.floor(fit.length / plan.batchSize));
  if (stepCount < fewestSweepSteps)
    throw new TrainingError(
      `${name}: a sweep over learning rates needs at least ${fewestSweepSteps} batches of ${plan.batchSize} images, received ${stepCount}; lower recipe.batchSize, or add images`,
    );
  const { emaMomentum: _, ...optimizer } = plan.optimizer;
  const { view, functions, labelsOf, imagesOf } = await openStage(classifier, { ...plan, optimizer }, task, lane);
  const before = view.snapshot();
  try {
    lane.observer.onStage(name, plan.name);
    const rising: LearningRate = { kind: 'exponential', value: lowest, factorPerEpoch: highest / lowest };
    const [rates, losses]: [number[], number[]] = [[], []];
    const epoch = { seed, epochIndex: 0, size: task.member.backbone.inputSize };
    for (const batch of augmentedBatches(imagesOf(0), { ...plan, wholeBatchesOnly: true }, epoch)) {
      const stepIndex = rates.length;
      if (stepIndex === stepCount || hasDiverged(losses)) break;
      lane.stop.check();
      const rate = learningRateAt(rising, { epochIndex: 0, stepIndex, epochCount: 1, stepCount: stepCount - 1 });
      const loss = functions.step(batch, labelsOf(batch.indices), rate);
      if (!Number.isFinite(loss)) break;
      rates.push(rate);
      losses.push(loss);
      lane.observer.onBatch(name, { stage: plan.name, epochIndex: 0, stepIndex, stepCount, loss, learningRate: rate });
      // Steps are synchronous native calls; handle messages between them.
      await nextTurn();
    }
    return { stage: plan.name, rates, losses, stepCount };
  } finally {
    before.restore();
    before.dispose();
    functions.dispose();
  }
}

function hasDiverged(losses: readonly number[]): boolean {
  if (losses.length === 0) return false;
  const values = smoothed(losses);
  return values.at(-1)! > 4 * Math.min(...values);
}
