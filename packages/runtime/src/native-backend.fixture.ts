import tf from '@chorus/tfjs';
import { prepareProcess } from './process.ts';
import { initRuntime } from './runtime.ts';
import type { NativeBackend } from './tensorflow.ts';

/** Runs the tests of a file on the TensorFlow backend. */
export function useNativeBackend(): NativeBackend {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
  return tf.backend() as NativeBackend;
}
