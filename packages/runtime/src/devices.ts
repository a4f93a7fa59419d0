/** Lists TensorFlow's devices in a child process, because a context in this process would fix its settings. */
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import type { DeviceName } from './device.ts';
import type { DevicesAnswer } from './devices.child.ts';
import { RuntimeError } from './errors.ts';
import { nativePlatform } from './native/platforms.ts';

const require = createRequire(import.meta.url);

export interface Device {
  name: DeviceName;
  kind: 'CPU' | 'GPU';
}

/**
 * Lists TensorFlow's devices.
 *
 * Does not start TensorFlow on a machine without an NVIDIA GPU.
 *
 * @throws RuntimeError when the native runtime is not set up or TensorFlow cannot start.
 */
export async function listDevices(options: { logicalCpuDevices?: number } = {}): Promise<Device[]> {
  const { logicalCpuDevices = 1 } = options;
  const names = nativePlatform().hasGpus
    ? await askTensorflow(logicalCpuDevices)
    : Array.from({ length: logicalCpuDevices }, (_, index): DeviceName => `cpu:${index}`);
  return names.map((name) => ({ name, kind: name.startsWith('gpu:') ? 'GPU' : 'CPU' }));
}

/** Starts TensorFlow in a child process and lists its devices. */
export async function askTensorflow(logicalCpuDevices: number): Promise<DeviceName[]> {
  const child = fork(require.resolve('#devices-child'), [String(logicalCpuDevices)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // The child must not outlive a stopped command.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  let answer: DevicesAnswer | undefined;
  child.on('message', (message) => {
    answer = message as DevicesAnswer;
  });
  const ending = await new Promise((done) => child.on('close', (exitCode, signal) => done(signal ?? exitCode)));
  process.off('exit', end);
  if (answer === undefined)
    throw new RuntimeError(`TensorFlow could not list its devices: its process ended with ${ending}.`);
  if ('error' in answer) throw new RuntimeError(answer.error);
  return answer.devices;
}
