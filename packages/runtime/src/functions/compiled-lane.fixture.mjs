// A lane that trains with its own compiled functions, which have the same names in every lane.
import { workerData } from 'node:worker_threads';
import tf from '@chorus/tfjs';
import { compile, initRuntime } from '../../dist/index.js';
import { meet } from '../meet.fixture.mjs';

const { startup } = workerData[1] ?? workerData;
const rule = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/** Deterministic numbers without generator state: the fractional parts of multiples of the golden ratio. */
function numbers(shape, scale, start = 0) {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length: size }, (_, index) => (((start + index) * 0.6180339887) % 1) - 0.5);
  return tf.mul(tf.tensor(values, shape), scale);
}

/** @param own a number specific to this lane, on which its function depends. */
export default async function train({ own, stepCount, together }) {
  const runtime = initRuntime(startup);
  const backend = tf.backend();
  const before = backend.binding.getNumOfTensors();
  const kernel = tf.tidy(() => tf.variable(numbers([3, 3, 3, 16], 0.3)));
  const moments = [0, 1].map(() => tf.tidy(() => tf.variable(tf.zerosLike(kernel))));
  const step = compile(
    (images, count, rates) => {
      const seed = tf.stack([tf.scalar(own, 'int32'), count]);
      const drawn = tf.engine().runKernel('ChorusStatelessUniform', { seed }, { shape: images.shape });
      const { value, grads } = tf.variableGrads(
        () => tf.mean(tf.square(tf.sub(tf.conv2d(tf.mul(images, drawn), kernel, 2, 'same'), own))),
        [kernel],
      );
      const [learningRate, beta1Power, beta2Power] = tf.unstack(rates);
      const gradient = grads[kernel.name];
      const inputs = { weights: kernel, m: moments[0], v: moments[1], gradient, learningRate, beta1Power, beta2Power };
      tf.engine().runKernel('ChorusAdam', inputs, rule);
      return value;
    },
    { name: 'step' },
  );
  const losses = [];
  let backing;
  if (together) meet(0);
  for (let index = 0; index < stepCount; index += 1) {
    // Waits until every lane is between its first and its last step; batches alternate between two sizes.
    if (together && index === stepCount >> 1) meet(1);
    tf.tidy(() => {
      const rates = tf.tensor1d([0.01, rule.beta1 ** (index + 1), rule.beta2 ** (index + 1)]);
      const loss = step(numbers([4 + (index % 2), 16, 16, 3], 2, own), tf.scalar(index, 'int32'), rates);
      losses.push(loss.dataSync()[0]);
      backing = { loss: runtime.backingDevice(loss), kernel: runtime.backingDevice(kernel) };
    });
    // Functions are created and disposed while other lanes run theirs.
    const passing = compile((x) => tf.add(tf.mul(x, own), index), { name: 'passing' });
    const [value] = tf.tidy(() => passing(tf.scalar(2)).dataSync());
    if (value !== 2 * own + index) throw new Error(`lane ${own} received ${value} in step ${index}`);
    passing.dispose();
  }
  const { traceCount } = step.metrics;
  const trained = { device: runtime.device, losses, kernel: [...kernel.dataSync()], backing, traceCount };
  step.dispose();
  tf.dispose([kernel, moments]);
  return { ...trained, leftCount: backend.binding.getNumOfTensors() - before };
}
