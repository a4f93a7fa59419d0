import tf from '@chorus/tfjs';
import { afterEach, beforeEach, expect } from 'vitest';
import type { NativeBackend } from '../tensorflow.ts';

/**
 * Asserts after each test of the file that no tensor is left, in tfjs or in TensorFlow.
 *
 * @returns a function that registers a variable or compiled function for disposal at the end of the test.
 */
export function nothingStays(): <T extends { dispose(): void }>(one: T) => T {
  const owned: { dispose(): void }[] = [];
  let before: object;
  beforeEach(() => {
    before = counts();
    tf.engine().startScope();
  });
  afterEach(() => {
    for (const one of owned.splice(0)) one.dispose();
    tf.engine().endScope();
    expect(counts()).toEqual(before);
  });
  return (one) => {
    owned.push(one);
    return one;
  };
}

// --- internal ---

function counts() {
  const { numTensors, numDataBuffers } = tf.memory();
  const { binding } = tf.backend() as NativeBackend;
  return { numTensors, numDataBuffers, tensorflow: binding.getNumOfTensors() };
}
