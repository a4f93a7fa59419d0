import { initRuntime, prepareProcess } from '@chorus/runtime';

/** Runs the tests of a file on the native TensorFlow backend. */
export function useNativeBackend(): void {
  prepareProcess();
  initRuntime({ device: 'cpu:0', logicalCpuDevices: 1, intraOpThreads: 2 });
}
