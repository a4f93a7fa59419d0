import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { NativeBackend } from '../tensorflow.ts';
import { changeInPlace } from './change-in-place.fixture.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';
import { numbers } from './same-compiled.fixture.ts';

let backend: NativeBackend;

beforeAll(() => {
  backend = useNativeBackend();
});
const own = nothingStays();

const mebibyte = 2 ** 20;
/** Numbers of 0.5 MiB in total. */
const large = [512, 256];
const constant = Float32Array.from({ length: 512 * 256 }, (_, index) => index % 1000);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function residentMiB(): number {
  // The second call waits for memory that the first one frees in a background thread.
  for (const _ of [1, 2]) collectGarbage();
  return process.memoryUsage.rss() / mebibyte;
}

function counts(): number[] {
  const { numTensors, numDataBuffers } = tf.memory();
  return [numTensors, numDataBuffers, backend.binding.getNumOfTensors()];
}

/** @returns the growth of the resident set after the first 20 rounds, which fill TensorFlow's and V8's pools. */
function growthMiB(roundCount: number, round: (index: number) => void): number {
  const before = counts();
  let start = 0;
  for (let index = -20; index < roundCount; index += 1) {
    if (index === 0) start = residentMiB();
    tf.tidy(() => round(index));
    expect(counts()).toEqual(before);
  }
  return residentMiB() - start;
}

/** Weights and moments of 0.5 MiB each, and a step that changes them. */
function training() {
  const variables = [0, 1, 2].map(() => tf.tidy(() => tf.variable(tf.zeros(large))));
  const [weights, m, v] = variables as [tf.Variable, tf.Variable, tf.Variable];
  const step = compile((x: tf.Tensor) => {
    // Different numbers, because equal ones would be encoded as one.
    const loss = () => tf.mean(tf.square(tf.sub(tf.add(weights, x), tf.tensor2d(constant, [512, 256])))) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss, [weights]);
    changeInPlace(weights, m, v, grads[weights.name]!);
    return value;
  });
  const dispose = () => {
    step.dispose();
    tf.dispose(variables);
  };
  return { step, dispose };
}

// Each round creates a function with a constant of 0.5 MiB, which is copied to the graph, the function and TensorFlow's
// instance of it, or as much in variables: a leak of any of these would be 100 MiB. Without a leak, the resident set grows
// by a few MiB, at times by 20, which the allocator retains.
const allowedMiB = 40;

describe('200 rounds do not increase the number of tensors or the resident set', () => {
  it('of compiling, calling and disposing, with variables', () => {
    const growth = growthMiB(200, () => {
      const { step, dispose } = training();
      for (const _ of [1, 2]) step(tf.scalar(1));
      dispose();
    });
    expect(growth).toBeLessThan(allowedMiB);
  });

  it('of signatures that evict each other', () => {
    const compiled = own(
      compile((x: tf.Tensor) => tf.add(tf.sum(x), tf.tensor2d(constant, [512, 256])), { maximumSignatures: 2 }),
    );
    const growth = growthMiB(200, (index) => {
      compiled(tf.ones([21 + index]));
    });
    expect(growth).toBeLessThan(allowedMiB);
    expect(compiled.metrics).toMatchObject({ traceCount: 220, cacheSize: 2 });
  });

  it('of functions that are rejected', () => {
    const weights = own(tf.tidy(() => tf.variable(tf.zeros(large))));
    const growth = growthMiB(200, () => {
      const refused = compile((x: tf.Tensor) => {
        const loss = () => tf.mean(tf.square(tf.add(weights, tf.tensor2d(constant, [512, 256])))) as tf.Scalar;
        const { value } = tf.variableGrads(loss, [weights]);
        return tf.add(x, value.dataSync()[0]!);
      });
      expect(() => refused(tf.scalar(1))).toThrow('was read inside a compiled function');
      refused.dispose();
    });
    expect(growth).toBeLessThan(allowedMiB);
  });

  it('of one function whose calls fail in TensorFlow', () => {
    const values = numbers([512 * 256]) as tf.Tensor1D;
    const compiled = own(
      compile((places: tf.Tensor) => tf.sparseToDense(tf.cast(places, 'int32') as tf.Tensor1D, values, [512 * 256])),
    );
    const places = tf.add(tf.range(0, 512 * 256), 1);
    expect(() => compiled(places)).toThrow(/out of bounds/);
    const growth = growthMiB(200, () => {
      expect(() => compiled(places)).toThrow(/out of bounds/);
    });
    expect(growth).toBeLessThan(allowedMiB);
  });
});

it('200 calls of a training step do not increase the number of tensors or the resident set', () => {
  const { step, dispose } = training();
  try {
    const x = tf.scalar(1);
    step(x);
    // The tidy of each round disposes the loss.
    const growth = growthMiB(200, () => {
      expect(step(x).dataSync()[0]).toBeGreaterThan(0);
    });
    expect(growth).toBeLessThan(allowedMiB);
  } finally {
    dispose();
  }
});
