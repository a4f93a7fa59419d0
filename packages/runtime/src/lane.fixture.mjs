// A test lane: trains a small network for some steps on the thread's device and returns the results.
import { readdirSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import tf from '@chorus/tfjs';
import { initRuntime } from '../dist/index.js';
import { meet } from './meet.fixture.mjs';

const { startup } = workerData[1] ?? workerData;

/** Deterministic numbers without generator state: the fractional parts of multiples of the golden ratio. */
function numbers(shape, scale) {
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, index) => scale * (((index * 0.6180339887) % 1) - 0.5)),
    shape,
  );
}

export default async function train({ stepCount, together }) {
  const runtime = initRuntime(startup);
  if (together) meet(0);
  const images = numbers([8, 24, 24, 3], 2);
  const kernel = tf.variable(numbers([3, 3, 3, 16], 0.3));
  const gamma = tf.variable(tf.ones([16]));
  const beta = tf.variable(tf.zeros([16]));
  const head = tf.variable(numbers([16, 1], 0.5));
  const labels = tf.tensor2d([0, 1, 0, 1, 0, 1, 0, 1], [8, 1]);
  const optimizer = tf.train.adam(1e-2);
  const forward = () => {
    const convolved = tf.conv2d(images, kernel, 2, 'same');
    const [normal] = tf.engine().runKernel('ChorusFusedBatchNorm', { x: convolved, gamma, beta }, { epsilon: 1e-3 });
    return tf.relu6(normal).mean([1, 2]).matMul(head);
  };
  const losses = [];
  for (let step = 0; step < stepCount; step += 1) {
    // Waits until every lane is between its first and its last step.
    if (together && step === stepCount >> 1) meet(1);
    losses.push(
      tf.tidy(() => optimizer.minimize(() => tf.losses.sigmoidCrossEntropy(labels, forward()), true).dataSync()[0]),
    );
  }

  const { grads } = tf.variableGrads(() => tf.losses.sigmoidCrossEntropy(labels, forward()), [kernel]);
  const output = tf.conv2d(images, kernel, 2, 'same');
  const slot = optimizer.accumulatedFirstMoment[0].variable;
  return {
    device: runtime.device,
    losses,
    kernel: [...kernel.dataSync()],
    backing: {
      convolution: runtime.backingDevice(output),
      gradient: runtime.backingDevice(Object.values(grads)[0]),
      optimizer: runtime.backingDevice(slot),
    },
    threadCount: readdirSync('/proc/self/task').length,
  };
}
