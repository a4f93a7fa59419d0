/** Loads the native addon, which creates the thread's TFE context, and registers it with tfjs as the backend `tensorflow`. */
import { createRequire } from 'node:module';
import tfjs from '@chorus/tfjs';
import { processAddon } from './process-addon.ts';
import type { Binding } from './tensorflow.ts';
import { loadTfjsNode } from './tfjs-node.ts';

const require = createRequire(import.meta.url);

export interface ContextOptions {
  /** TensorFlow's short name, such as `CPU:1`. */
  device: string;
  /** A serialized ConfigProto. */
  configProto: Uint8Array;
  /** `configProto` as text; the binding throws the first thread's text when another thread requests different settings. */
  settings: string;
}

/**
 * Loads TensorFlow into this thread.
 *
 * @throws the binding's error: unknown device (`CHORUS_NO_SUCH_DEVICE`; the message lists the devices), process settings
 * that differ from the first thread's (`CHORUS_PROCESS_SETTINGS`; the message is the first thread's settings), a shared
 * thread pool (`CHORUS_SHARED_THREAD_POOL`), or a library that cannot be loaded. The call may be repeated.
 * @returns TensorFlow's full names of all devices.
 */
export function loadTensorflow(
  paths: { processPath: string; frameworkPath: string; bindingPath: string },
  { device, configProto, settings }: ContextOptions,
): string[] {
  processAddon(paths.processPath).loadQuietly(paths.frameworkPath);
  const { NodeJSKernelBackend, nodeFileSystemRouter } = loadTfjsNode();
  const binding = require(paths.bindingPath) as Binding;
  const deviceNames = binding.createContext(device, configProto, settings);
  // Some kernels depend on the package's name.
  const makeBackend = () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu');
  tfjs.registerBackend('tensorflow', makeBackend, 3);
  // The backend is created synchronously, so the result is not a promise.
  if (!tfjs.setBackend('tensorflow')) throw new Error('tfjs refused the backend "tensorflow"');
  tfjs.io.registerLoadRouter(nodeFileSystemRouter);
  tfjs.io.registerSaveRouter(nodeFileSystemRouter);
  return deviceNames;
}
