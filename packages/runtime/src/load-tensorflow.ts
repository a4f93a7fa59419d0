/** Loads the native addon, which makes the thread's TFE context, and gives it to tfjs as the backend `tensorflow`. */
import { createRequire } from 'node:module';
import * as tfjs from '@tensorflow/tfjs';
import type { Binding } from './tensorflow.ts';
import { loadTfjsNode } from './tfjs-node.ts';

const require = createRequire(import.meta.url);

export interface ContextOptions {
  /** TensorFlow's short name, such as `CPU:1`. */
  device: string;
  /** A serialized ConfigProto. */
  configProto: Uint8Array;
  /** What `configProto` says, in words: the first thread's are the error message of one that asks for others. */
  settings: string;
}

/**
 * Loads TensorFlow into this thread.
 *
 * @throws what the binding throws: unknown device (`CHORUS_NO_SUCH_DEVICE`, the message lists those that exist), other
 * process settings than the first (`CHORUS_PROCESS_SETTINGS`, the message is the first's), one thread pool for all
 * (`CHORUS_SHARED_THREAD_POOL`), or a library that cannot be loaded. Another call may follow.
 * @returns TensorFlow's full names of all devices.
 */
export function loadTensorflow(
  paths: { quietPath: string; frameworkPath: string; bindingPath: string },
  { device, configProto, settings }: ContextOptions,
): string[] {
  (require(paths.quietPath) as { loadQuietly(path: string): void }).loadQuietly(paths.frameworkPath);
  const { NodeJSKernelBackend, nodeFileSystemRouter } = loadTfjsNode();
  const binding = require(paths.bindingPath) as Binding;
  const deviceNames = binding.createContext(device, configProto, settings);
  // Some kernels behave differently by the package's name.
  const makeBackend = () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu');
  tfjs.registerBackend('tensorflow', makeBackend, 3);
  // The backend exists at once, so the answer is no promise.
  if (!tfjs.setBackend('tensorflow')) throw new Error('tfjs refused the backend "tensorflow"');
  tfjs.io.registerLoadRouter(nodeFileSystemRouter);
  tfjs.io.registerSaveRouter(nodeFileSystemRouter);
  return deviceNames;
}
