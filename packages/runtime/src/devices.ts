/** Which devices TensorFlow has here, asked in a process of its own: a context in ours would fix its settings. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DeviceName } from './device.ts';
import { RuntimeError } from './errors.ts';
import { hasNvidiaDriver } from './native/platforms.ts';

export interface Device {
  name: DeviceName;
  kind: 'CPU' | 'GPU';
}

/**
 * Lists TensorFlow's devices.
 *
 * Without an NVIDIA driver there can be no GPU, and the answer comes without starting TensorFlow.
 *
 * @throws RuntimeError when the native runtime is not set up or TensorFlow cannot start.
 */
export async function listDevices(options: { logicalCpuDevices?: number } = {}): Promise<Device[]> {
  const { logicalCpuDevices = 1 } = options;
  const names = hasNvidiaDriver()
    ? await ask(logicalCpuDevices)
    : Array.from({ length: logicalCpuDevices }, (_, index): DeviceName => `cpu:${index}`);
  return names.map((name) => ({ name, kind: name.startsWith('gpu:') ? 'GPU' : 'CPU' }));
}

// --- internal ---

async function ask(logicalCpuDevices: number): Promise<DeviceName[]> {
  const runtimeUrl = new URL('./index.js', import.meta.url).href;
  const script = `import { initRuntime } from ${JSON.stringify(runtimeUrl)};
    console.log(JSON.stringify(initRuntime({ device: 'cpu:0', logicalCpuDevices: ${logicalCpuDevices} }).devices));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exitCode = await new Promise<number | null>((done) => child.on('close', done));
  if (exitCode !== 0)
    throw new RuntimeError(`TensorFlow could not list its devices: ${errors.trim().split('\n').slice(-2).join(' ')}`);
  return JSON.parse(output) as DeviceName[];
}
