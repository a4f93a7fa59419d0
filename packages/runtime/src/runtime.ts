/** Runs TensorFlow in this thread, pinned to one device. */
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import tf from '@chorus/tfjs';
import { encodeConfigProto, type ProcessSettings } from './config-proto.ts';
import { chorusName, type DeviceName, tensorflowName } from './device.ts';
import { RuntimeError, setupNeeded } from './errors.ts';
import { installResourceEntries } from './functions/resource-entry.ts';
import { registerAdam } from './kernels/adam.ts';
import { registerAddScaled } from './kernels/add-scaled.ts';
import { registerCast } from './kernels/cast.ts';
import { registerFusedBatchNorm } from './kernels/fused-batch-norm.ts';
import { registerMomentum } from './kernels/momentum.ts';
import { registerProjectiveTransform } from './kernels/projective-transform.ts';
import { registerReluGradients } from './kernels/relu-gradients.ts';
import { registerStatelessUniform } from './kernels/stateless-uniform.ts';
import { loadTensorflow } from './load-tensorflow.ts';
import { locateNativeRuntime } from './native/locate.ts';
import { prepareProcess } from './process.ts';
import type { NativeBackend } from './tensorflow.ts';

/**
 * The device of a thread, and settings that must be equal in every thread of the process; by default, one logical CPU
 * device, all processors and no GPU memory limit.
 */
export interface RuntimeOptions extends Partial<ProcessSettings> {
  device: DeviceName;
}

export interface Runtime {
  device: DeviceName;
  /** All devices of this process. */
  devices: DeviceName[];
  tensorflowVersion: string;
  /** Returns TensorFlow's full name of the device that stores a tensor, such as `/job:…/device:CPU:1`. */
  backingDevice(tensor: tf.Tensor): string;
}

let current: { key: string; runtime: Runtime } | undefined;

/**
 * Loads TensorFlow into this thread and pins it to a device, on which `@tensorflow/tfjs` then computes.
 *
 * The main thread must call {@link prepareProcess} before any worker thread calls this function.
 *
 * @returns the same object when called again with the same options.
 * @throws RuntimeError when the native runtime is not set up, the device does not exist (the message lists the devices),
 * or this thread or process already runs TensorFlow with other settings.
 */
export function initRuntime(options: RuntimeOptions): Runtime {
  const { device, logicalCpuDevices = 1, intraOpThreads = availableParallelism(), gpuMemoryLimitsMiB = [] } = options;
  const settings: ProcessSettings = { logicalCpuDevices, intraOpThreads, gpuMemoryLimitsMiB };
  const key = JSON.stringify([device, settings]);
  if (current !== undefined) {
    if (current.key === key) return current.runtime;
    throw new RuntimeError(`This thread already runs TensorFlow with ${current.key}; it cannot change to ${key}.`);
  }
  const configProto = encodeConfigProto(settings);
  const native = locateNativeRuntime();
  if (isMainThread) prepareProcess();
  let deviceNames: string[];
  try {
    deviceNames = loadTensorflow(native, {
      device: tensorflowName(device),
      configProto,
      settings: JSON.stringify(settings),
    });
  } catch (error) {
    throw explain(error as Error & { code?: string }, device, settings);
  }
  registerAdam();
  registerAddScaled();
  registerCast();
  registerFusedBatchNorm();
  registerMomentum();
  registerProjectiveTransform();
  registerReluGradients();
  registerStatelessUniform();
  const backend = tf.backend() as NativeBackend;
  installResourceEntries(backend);
  const runtime: Runtime = {
    device,
    devices: deviceNames.map(chorusName),
    tensorflowVersion: backend.binding.TF_Version,
    backingDevice(tensor) {
      const [id] = backend.getInputTensorIds([tensor]) as [number];
      return backend.binding.tensorDevice(id);
    },
  };
  current = { key, runtime };
  return runtime;
}

// --- internal ---

function explain(error: Error & { code?: string }, device: DeviceName, settings: ProcessSettings): Error {
  if (error.code === 'CHORUS_NO_SUCH_DEVICE') {
    const known = error.message.split(' ').map(chorusName).join(', ');
    return new RuntimeError(`There is no device ${device}; TensorFlow has ${known}.`);
  }
  if (error.code === 'CHORUS_PROCESS_SETTINGS')
    return new RuntimeError(
      `TensorFlow runs in this process with ${error.message}, and ${device} requested ${JSON.stringify(settings)}: logical devices, threads and GPU memory must be the same in every thread.`,
    );
  if (error.code === 'CHORUS_SHARED_THREAD_POOL')
    return new RuntimeError(
      'All lanes would share one thread pool; call prepareProcess() in the main thread before they start.',
    );
  if (error.code === 'ERR_DLOPEN_FAILED')
    return setupNeeded(`The native runtime cannot be loaded (${error.message}); it must be set up again.`);
  return error;
}
