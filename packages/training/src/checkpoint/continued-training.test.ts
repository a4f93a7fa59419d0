/** A training that is stopped at any batch and continued gives, bit for bit, what an undisturbed one gives. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeIn } from '../engines.fixture.ts';
import type { ComputeSettings } from '../prepared-function.ts';
import { type Runtime, taskIn, trainings, trainParts, trainWithStops } from './continued-training.fixture.ts';

let parent: string;
let runtime: Runtime;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-continued-'));
  runtime = initRuntime({ device: 'cpu:0' });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const compiled: ComputeSettings = { ...computeIn.tensorflow, compile: true };
const eager: ComputeSettings = { ...computeIn.tensorflow, compile: false };

describe.each(Object.entries(trainings))('%s', (_, { stages, stepCount }) => {
  it.each<[string, ComputeSettings, number]>([
    ['compiled', compiled, 1],
    ['op by op', eager, 2],
  ])('continues after stops at any batches: %s', async (_, compute, numRuns) => {
    const before = tf.memory().numTensors;
    const whole = await trainWithStops(await taskIn(parent, stages), runtime, compute, []);
    expect(whole.places).toEqual([]);
    expect(whole.steps).toEqual([stepCount]);
    const stopAfter = fc.integer({ min: 1, max: stepCount - 1 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(stopAfter, stopAfter), async (stops) => {
        const task = await taskIn(parent, stages);
        const { left, steps, warnings, places } = await trainWithStops(task, runtime, compute, stops);
        expect(left).toEqual(whole.left);
        // No step is repeated.
        expect(steps.reduce((sum, one) => sum + one, 0)).toBe(stepCount);
        expect(places).toHaveLength(steps.length - 1);
        expect(warnings).toEqual([]);
        expect(existsSync(task.checkpoints!.folder)).toBe(false);
      }),
      // Shrinking would take a training per step.
      { numRuns, endOnFailure: true },
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('checkpoints', () => {
  const { stages } = trainings['two stages, with a soup']!;
  const whole = async () => (await trainWithStops(await taskIn(parent, stages), runtime, eager, [])).left;

  it('continue after stops before the first step of a stage, during a soup and before the predictions', async () => {
    const task = await taskIn(parent, stages);
    // Three steps of the head, then nine of the other layers.
    const { left, steps, places } = await trainWithStops(task, runtime, eager, [3, 9, 'predict', 'predict']);
    expect(left).toEqual(await whole());
    expect(steps).toEqual([3, 9, 0, 0, 0]);
    expect(places).toEqual([
      { stage: 'fine-tune', next: { epochIndex: 0, stepIndex: 0 }, done: { epochCount: 1, stepCount: 3 } },
      { stage: 'fine-tune', done: { epochCount: 4, stepCount: 12 } },
      { stage: 'predict', done: { epochCount: 4, stepCount: 12 } },
      { stage: 'predict', done: { epochCount: 4, stepCount: 12 } },
    ]);
  });

  it('34: are two at most, of which the newest undamaged one of the same plan is used', async () => {
    const task = await taskIn(parent, stages);
    const { folder } = task.checkpoints!;
    const damage = async (name: string) => {
      const path = join(folder, name, 'weights.bin');
      const bytes = await readFile(path);
      bytes[5]! ^= 1;
      await writeFile(path, bytes);
    };
    const first = await trainParts(task, runtime, eager, [4, 2, 2]);
    expect(first.checkpoints).toEqual([
      ['checkpoint-1'],
      ['checkpoint-1', 'checkpoint-2'],
      ['checkpoint-2', 'checkpoint-3'],
    ]);
    await damage('checkpoint-3');
    const second = await trainParts(task, runtime, eager, [1]);
    expect(second.warnings).toEqual([
      expect.stringMatching(/checkpoint-3\/weights\.bin is damaged: .* The checkpoint before it is used\.$/),
    ]);
    expect(second.places).toMatchObject([{ stage: 'fine-tune', next: { epochIndex: 1, stepIndex: 0 } }]);
    expect(second.checkpoints).toEqual([['checkpoint-2', 'checkpoint-4']]);
    await damage('checkpoint-2');
    await damage('checkpoint-4');
    const { left, warnings, steps } = await trainWithStops(task, runtime, eager, []);
    expect(warnings).toEqual([
      expect.stringMatching(/checkpoint-4.* The checkpoint before it is used\.$/),
      expect.stringMatching(/checkpoint-2.* The training starts from the beginning\.$/),
    ]);
    expect(steps).toEqual([12]);
    expect(left).toEqual(await whole());
  });

  it('41: of whole batches continue with divided ones, and the results differ by rounding alone', async () => {
    const withoutDropout = async () => {
      const task = await taskIn(parent, stages);
      return { ...task, member: { ...task.member, dropout: 0 } };
    };
    const { left: whole } = await trainWithStops(await withoutDropout(), runtime, eager, []);
    const task = await withoutDropout();
    await trainParts(task, runtime, eager, [4]);
    const { left, steps, warnings } = await trainWithStops({ ...task, halvings: 1 }, runtime, eager, []);
    expect(warnings).toEqual([]);
    expect(steps).toEqual([8]);
    for (const [index, logit] of left.outOfFoldLogits.entries())
      expect(Math.abs(logit - whole.outOfFoldLogits[index]!)).toBeLessThan(1e-4);
    // The batches were divided.
    expect(left.weights).not.toBe(whole.weights);
  });

  it('of another plan are not used, and the difference is reported', async () => {
    const task = await taskIn(parent, stages);
    await trainParts(task, runtime, eager, [2]);
    const other = { ...task, member: { ...task.member, dropout: 0.3 } };
    const { warnings, steps } = await trainWithStops(other, runtime, eager, []);
    expect(warnings).toEqual([
      expect.stringMatching(
        /checkpoint-1 is of another plan: member\.dropout was 0\.2, is now 0\.3\. The training starts/,
      ),
    ]);
    expect(steps).toEqual([12]);
  });
});
