/** The process in which TensorFlow is asked for its devices. */
import type { DeviceName } from './device.ts';
import { initRuntime } from './runtime.ts';

/** The one message to the parent. */
export type DevicesAnswer = { devices: DeviceName[] } | { error: string };

process.send!(answer());

function answer(): DevicesAnswer {
  try {
    return { devices: initRuntime({ device: 'cpu:0', logicalCpuDevices: Number(process.argv[2]) }).devices };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
