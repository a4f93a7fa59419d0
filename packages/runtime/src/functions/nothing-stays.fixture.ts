import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect } from 'vitest';
import type { NativeBackend } from '../tensorflow.ts';

/**
 * Each test of the file leaves no tensor behind, neither tfjs' nor TensorFlow's: those that it makes go with it.
 *
 * @returns what disposes of variables and functions at the test's end.
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
