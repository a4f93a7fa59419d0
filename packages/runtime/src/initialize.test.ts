import { Worker } from 'node:worker_threads';
import tf from '@chorus/tfjs';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from './errors.ts';
import { prepareProcess, processEnvironment } from './process.ts';
import { initRuntime } from './runtime.ts';

const settings = { logicalCpuDevices: 2, intraOpThreads: 1 };
const runtimeUrl = new URL('../dist/index.js', import.meta.url).href;

/** The message of the error that initRuntime throws in a worker thread. */
function refusalInWorker(options: object): Promise<string> {
  const script = `import(${JSON.stringify(runtimeUrl)}).then(({ initRuntime }) => initRuntime(${JSON.stringify(options)}))`;
  return new Promise((done, fail) => {
    const worker = new Worker(script, { eval: true });
    worker.on('error', (error) => done(error.message));
    worker.on('exit', () => fail(new Error('initRuntime() did not throw')));
  });
}

/** The tests depend on their order: a rejected call leaves the thread unchanged. */
describe('initRuntime', () => {
  it('rejects a worker thread if all lanes would share one thread pool', async () => {
    for (const name of Object.keys(processEnvironment)) delete process.env[name];
    expect(await refusalInWorker({ device: 'cpu:0', ...settings })).toMatch(
      /call prepareProcess\(\) in the main thread/,
    );
  });

  it('rejects an unknown device and lists the devices', () => {
    for (const device of ['cpu:2', 'gpu:0'] as const)
      expect(() => initRuntime({ device, ...settings })).toThrow(
        new RuntimeError(`There is no device ${device}; TensorFlow has cpu:0, cpu:1.`),
      );
  });

  it('pins the thread to its device', () => {
    const runtime = initRuntime({ device: 'cpu:1', ...settings });
    expect(runtime).toMatchObject({ device: 'cpu:1', devices: ['cpu:0', 'cpu:1'], tensorflowVersion: '2.21.0' });
    expect(tf.getBackend()).toBe('tensorflow');
    const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]));
    expect([...product.dataSync()]).toEqual([3, 3, 3, 3]);
    expect(runtime.backingDevice(product)).toMatch(/device:CPU:1$/);
  });

  it('returns the same runtime for the same options and rejects others', () => {
    expect(initRuntime({ device: 'cpu:1', ...settings })).toBe(initRuntime({ device: 'cpu:1', ...settings }));
    expect(() => initRuntime({ device: 'cpu:0', ...settings })).toThrow(
      /This thread already runs TensorFlow with \["cpu:1"/,
    );
  });

  it('rejects a thread that requests other process settings, and reports both', async () => {
    expect(await refusalInWorker({ device: 'cpu:0', ...settings, logicalCpuDevices: 3 })).toMatch(
      /in this process with {"logicalCpuDevices":2,.*cpu:0 requested {"logicalCpuDevices":3,/,
    );
  });

  it('lists the devices in a worker thread too', async () => {
    prepareProcess();
    expect(await refusalInWorker({ device: 'gpu:7', ...settings })).toBe(
      'There is no device gpu:7; TensorFlow has cpu:0, cpu:1.',
    );
  });
});

describe('backingDevice', () => {
  it('handles a tensor that was read back and one that was never computed', () => {
    const runtime = initRuntime({ device: 'cpu:1', ...settings });
    const tensor = tf.tensor1d([1, 2, 3]);
    expect(runtime.backingDevice(tensor)).toMatch(/device:CPU:1$/);
    tensor.dataSync();
    expect(runtime.backingDevice(tensor)).toMatch(/device:CPU:1$/);
  });
});
