/** Measures this machine's training speed with a few real steps on all planned lanes concurrently. */

import { join } from 'node:path';
import { createPixelStore, PixelStore } from '@chorus/data';
import { type BackboneSpec, memberCost } from '@chorus/models';
import { withTemporaryFolder } from '@chorus/storage';
import { type EpochMetrics, StoppedError, type TrainTask } from '@chorus/training';
import { resolveExperiment } from '../experiment/resolve.ts';
import { Lane } from '../lanes/lane.ts';
import type { LanePlan } from '../lanes/plan.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { observerFrom } from '../run/observer.ts';
import { stopOn } from '../run/stop-on.ts';

export interface MachineSpeed {
  /** Images × memberCost per second of training all layers in float32, all lanes together. */
  costPerSecond: number;
  /** Time from the start of a lane's thread to its first task. */
  startSeconds: number;
  /** Time to trace and optimize a MobileNet's training step. */
  compileSeconds: number;
}

const backbone: BackboneSpec = { family: 'mobilenet', alpha: 1, inputSize: 96 };
const batchSize = 32;
const stepCount = 3;
/** The first epoch compiles the step; the number of further ones depends on the time left. */
const epochCount = 4;
const budgetMs = 3000;

/**
 * Trains a MobileNet from random weights on noise, for a few seconds on every lane of a plan.
 *
 * @throws Error when a lane cannot train; StoppedError after `signal`.
 */
export async function measureSpeed(plan: LanePlan, signal?: AbortSignal): Promise<MachineSpeed> {
  const startedAtMs = Date.now();
  const { stop, unlisten } = stopOn(signal);
  const experiment = resolveExperiment({
    inputSize: backbone.inputSize,
    data: { source: 'noise' },
    weights: 'random',
    members: ['a', 'b'].map((name) => ({ name, backbone: backbone.family })),
    recipe: { batchSize, whole: { epochCount } },
    testTimeAugmentation: false,
  });
  const pixels = createPixelStore(stepCount * batchSize, backbone.inputSize);
  fillWithNoise(new PixelStore(pixels));
  const epochs: EpochMetrics[] = [];
  const timedOn = (device: string) => epochs.filter((epoch) => epoch.device === device && epoch.epochIndex > 0);
  const compute = { compile: true, bfloat16: false, forward: { engine: 'tensorflow' } } as const;
  const lanes = plan.lanes.map(
    (lane) =>
      new Lane(
        { runtime: lane, compute, stop: stop.shared },
        observerFrom({
          onEpoch(epoch) {
            epochs.push(epoch);
            // On a busy machine, one measured epoch per lane must suffice.
            const isMeasured = plan.lanes.every(({ device }) => timedOn(device).length > 0);
            if (isMeasured && Date.now() - startedAtMs > budgetMs) stop.raise();
          },
        }),
      ),
  );
  const all = Uint32Array.from({ length: pixels.count }, (_, index) => index);
  const { plan: member } = expectedPlan(experiment, {}, { trainingCount: pixels.count, testCount: 0 }).members[0]!;
  try {
    await withTemporaryFolder('chorus-speed', async (folder) => {
      const task = (index: number): TrainTask => ({
        kind: 'train',
        name: `lane-${index}`,
        member,
        fold: { kind: 'all' },
        classes: ['a', 'b'],
        labels: new SharedArrayBuffer(pixels.count * Int32Array.BYTES_PER_ELEMENT),
        seed: 0,
        pixels,
        fit: all,
        tune: all.subarray(0, 1),
        outOfFold: all.subarray(0, 1),
        reads: new SharedArrayBuffer(pixels.count),
        folder: join(folder, `lane-${index}`),
        keepsWeights: false,
      });
      await Promise.all(
        lanes.map((lane, index) =>
          lane.run(task(index)).catch((error: unknown) => {
            if (!stop.raised) throw error;
          }),
        ),
      );
    });
    if (signal?.aborted) throw new StoppedError('The check was stopped.');
  } finally {
    unlisten();
    await Promise.all(lanes.map((lane) => lane.close()));
  }
  const perLane = lanes.map(({ device }) => {
    const seconds = Math.min(
      ...timedOn(device).map(({ startedAtMs, trainedUntilMs }) => (trainedUntilMs - startedAtMs) / 1000),
    );
    return (memberCost(backbone) * pixels.count) / Math.max(seconds, 1e-3);
  });
  const starts = lanes.flatMap(({ work }) => work.map(({ givenAtMs, startedAtMs }) => startedAtMs - givenAtMs));
  return {
    costPerSecond: perLane.reduce((sum, one) => sum + one, 0),
    startSeconds: Math.max(...starts) / 1000,
    compileSeconds: Math.max(0, ...epochs.map(({ compiled }) => compiled?.firstCallsMs ?? 0)) / 1000,
  };
}

// --- internal ---

/** Noise, since BatchNorm divides by its input's standard deviation, which must not be zero. */
function fillWithNoise(store: PixelStore): void {
  const image = new Uint8Array(store.size * store.size * 3);
  let state = 1;
  for (let index = 0; index < store.count; index += 1) {
    for (let byte = 0; byte < image.length; byte += 1) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      image[byte] = state >> 16;
    }
    store.publish(index, image);
  }
}
