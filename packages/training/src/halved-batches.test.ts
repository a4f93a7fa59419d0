/** Trainings on a device whose memory holds the activations of a limited number of images. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initRuntime, RuntimeError } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Runtime, taskIn, trainings, trainWithStops } from './checkpoint/continued-training.fixture.ts';
import { computeIn } from './engines.fixture.ts';
import { wholeStage } from './slim-training.fixture.ts';

/** Of the convolutions of tf.layers. */
const kernelName = 'FusedConv2D';

let parent: string;
let runtime: Runtime;
let convolution: tf.KernelConfig;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-halved-'));
  runtime = initRuntime({ device: 'cpu:0' });
  convolution = tf.getKernel(kernelName, tf.getBackend())!;
});
afterEach(() => restoreMemory());
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Lets convolutions of more images fail, as TensorFlow does. Returns how often they did. */
function limitMemory(imageCount: number): { failures: number } {
  const count = { failures: 0 };
  tf.unregisterKernel(kernelName, tf.getBackend());
  tf.registerKernel({
    ...convolution,
    kernelFunc(call) {
      if ((call.inputs as tf.NamedTensorInfoMap).x!.shape[0]! <= imageCount) return convolution.kernelFunc(call);
      count.failures += 1;
      const message =
        '{{function_node f}} OOM when allocating tensor with shape[9] by allocator GPU_0_bfc\n\t [[{{node c}}]]\nHint: …';
      throw Object.assign(new Error(message), { code: 'RESOURCE_EXHAUSTED' });
    },
  });
  return count;
}

function restoreMemory(): void {
  tf.unregisterKernel(kernelName, tf.getBackend());
  tf.registerKernel(convolution);
}

const { optimizer } = trainings['AdamW with averages, whose best epoch is kept']!.stages[0]!;
// BatchNorm is recalibrated with other numbers of images.
const stage = { ...wholeStage, optimizer, recalibratesBatchNorm: false };
const train = async (changes: { batchSize: number; microBatchSize?: number }) => {
  const task = await taskIn(parent, [{ ...stage, ...changes }]);
  return trainWithStops(task, runtime, computeIn.tensorflow, []);
};

describe('a training whose device has no memory left', () => {
  it('42: goes on with half as many images at once, as it would have with these from the start', async () => {
    const before = tf.memory().numTensors;
    const memory = limitMemory(4);
    const { left, warnings, steps } = await train({ batchSize: 8 });
    expect(memory.failures).toBe(1);
    expect(warnings).toEqual([
      'The memory of cpu:0 does not suffice: OOM when allocating tensor with shape[9] by allocator GPU_0_bfc. ' +
        'The training goes on with half as many images at once.',
    ]);
    expect(steps).toEqual([1]);
    expect(tf.memory().numTensors).toBe(before);
    restoreMemory();
    expect(left).toEqual((await train({ batchSize: 8, microBatchSize: 4 })).left);
  });

  it.each([
    [8, '--set recipe.microBatchSize=2, smaller images or fewer members on this device', 2],
    [2, 'smaller images or fewer members on this device', 2],
    [1, 'smaller images or fewer members on this device', 1],
  ])('42: fails with advice, of batches of %i, and the next training works', async (batchSize, advice, failures) => {
    const before = tf.memory().numTensors;
    const memory = limitMemory(0);
    const attempt = train({ batchSize });
    await expect(attempt).rejects.toThrow(RuntimeError);
    await expect(attempt).rejects.toThrow(
      `the memory of cpu:0 does not suffice: OOM when allocating tensor with shape[9] by allocator GPU_0_bfc. Start a run with ${advice}.`,
    );
    expect(memory.failures).toBe(failures);
    expect(tf.memory().numTensors).toBe(before);
    restoreMemory();
    expect((await train({ batchSize })).warnings).toEqual([]);
  });
});
