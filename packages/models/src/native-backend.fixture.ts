import { initRuntime, prepareProcess } from '@chorus/runtime';

/** Puts the tests of a file on TensorFlow itself. */
export function useNativeBackend(): void {
  prepareProcess();
  initRuntime({ device: 'cpu:0', logicalCpuDevices: 1, intraOpThreads: 2 });
}
