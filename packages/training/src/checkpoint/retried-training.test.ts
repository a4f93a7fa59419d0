/** A training that is retried, and stopped or killed at any batch, gives, bit for bit, what an undisturbed one gives. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeIn } from '../engines.fixture.ts';
import type { Precision } from '../plan.ts';
import type { ComputeSettings } from '../prepared-function.ts';
import { type Runtime, retriedTrainings, taskIn, trainParts, trainWithStops } from './continued-training.fixture.ts';

let parent: string;
let runtime: Runtime;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-retried-'));
  runtime = initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const compiled: ComputeSettings = { ...computeIn.tensorflow, compile: true, bfloat16: true };
const eager: ComputeSettings = { ...computeIn.tensorflow, compile: false };
const [averages, parts, soup] = Object.keys(retriedTrainings) as [string, string, string];

describe('a training with a loss that is not finite is retried, also after stops and kills', () => {
  it.each<[string, string, Precision, ComputeSettings]>([
    [averages, 'compiled', 'float32', compiled],
    [averages, 'op by op', 'float32', eager],
    [parts, 'compiled', 'float32', compiled],
    [parts, 'compiled in bfloat16', 'bfloat16', compiled],
    [soup, 'compiled', 'float32', compiled],
  ])('45: %s, %s', async (name, _, precision, compute) => {
    const stages = retriedTrainings[name]!.map((stage) => ({ ...stage, precision }));
    const before = tf.memory().numTensors;
    const whole = await trainWithStops(await taskIn(parent, stages), runtime, compute, []);
    const { retry, epochs, outOfFoldLogits } = whole.left;
    expect(retry).toMatchObject({ rateFactor: 0.1, learningRate: 1e-3 });
    expect(whole.warnings).toEqual([
      expect.stringMatching(
        /^The loss .*became .* at learning rate 0\.001; retried from .* at a tenth of the planned rates\.$/,
      ),
    ]);
    expect(whole.places).toMatchObject([{ stage: retry!.stage, next: { stepIndex: 0 } }]);
    const after = epochs.slice(epochs.findIndex(({ rateFactor }) => rateFactor !== undefined));
    expect(after[0]).toMatchObject({ stage: retry!.stage, learningRate: 1e-4 });
    expect(after.every(({ rateFactor }) => rateFactor === 0.1)).toBe(true);
    expect(epochs.every(({ loss, tuneLoss }) => Number.isFinite(loss + tuneLoss))).toBe(true);
    expect(outOfFoldLogits.every(Number.isFinite)).toBe(true);

    // Stopped before the step with the broken loss, and twice after it.
    const stepsPerEpoch = 3;
    const earlier = stages.slice(
      0,
      stages.findIndex(({ name }) => name === retry!.stage),
    );
    const epochsBefore = earlier.reduce((sum, { epochCount }) => sum + epochCount, retry!.epochIndex);
    const broken = epochsBefore * stepsPerEpoch + (retry!.stepIndex ?? stepsPerEpoch);
    const task = await taskIn(parent, stages);
    const stopped = await trainWithStops(task, runtime, compute, [broken - 1, 2, 3]);
    expect(stopped.left).toEqual(whole.left);
    expect(stopped.steps.reduce((sum, one) => sum + one, 0)).toBe(whole.steps[0]);

    // A killed training continues from its last checkpoint: before the broken loss, or after it.
    for (const stops of [
      [broken - 2, 5],
      [broken + 1, 4],
    ]) {
      const killed = await taskIn(parent, stages);
      const { folder } = killed.checkpoints!;
      await trainParts(killed, runtime, compute, stops);
      await rm(join(folder, (await readdir(folder)).toSorted().at(-1)!), { recursive: true });
      const { left, warnings } = await trainWithStops(killed, runtime, compute, []);
      expect({ ...left, epochs: [] }).toEqual({ ...whole.left, epochs: [] });
      expect(left.epochs).toEqual(epochs.slice(-left.epochs.length));
      expect(warnings).toEqual(stops[0]! < broken ? whole.warnings : []);
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
