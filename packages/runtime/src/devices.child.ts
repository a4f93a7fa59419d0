/** Entry point of the child process that lists TensorFlow's devices. */
import type { DeviceName } from './device.ts';
import { initRuntime } from './runtime.ts';

/** The only message to the parent. */
export type DevicesAnswer = { devices: DeviceName[] } | { error: string };

process.send!(answer());

function answer(): DevicesAnswer {
  try {
    return { devices: initRuntime({ device: 'cpu:0', logicalCpuDevices: Number(process.argv[2]) }).devices };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
