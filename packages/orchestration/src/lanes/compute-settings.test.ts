import { describe, expect, it } from 'vitest';
import { computeSettings } from './compute-settings.ts';

const runtime = { compile: true, precision: 'float32' } as const;
const tensorflow = { engine: 'tensorflow' };
const onnxruntime = (threads: number, spin = false) => ({ engine: 'onnxruntime', threads, spin });

describe('computeSettings', () => {
  it.each([
    ['onnxruntime', ['cpu:0', 'cpu:1'], 2, [onnxruntime(1), onnxruntime(1)]],
    ['onnxruntime', ['cpu:0'], 8, [onnxruntime(8, true)]],
    ['onnxruntime', ['cpu:0', 'cpu:1', 'cpu:2'], 8, [onnxruntime(3), onnxruntime(3), onnxruntime(3)]],
    ['onnxruntime', ['gpu:0', 'cpu:0'], 4, [tensorflow, onnxruntime(4, true)]],
    ['tensorflow', ['cpu:0'], 4, [tensorflow]],
  ] as const)('gives forward passes in %s on %j with %i processors %j', (engine, devices, processorCount, expected) => {
    const lanes = devices.map((device) => ({ device }));
    const settings = computeSettings(runtime, lanes, engine, { processorCount });
    expect(settings.map(({ forward }) => forward)).toEqual(expected);
    expect(settings.every(({ compile, bfloat16 }) => compile && !bfloat16)).toBe(true);
  });

  it('uses the threads that the experiment sets', () => {
    const [settings] = computeSettings({ ...runtime, intraOpThreads: 5 }, [{ device: 'cpu:0' }], 'onnxruntime', {
      processorCount: 2,
    });
    expect(settings!.forward).toEqual(onnxruntime(5, true));
  });

  it('leaves the processors to the decoder between operators', () => {
    const options = { processorCount: 2, decodesMeanwhile: true };
    const [settings] = computeSettings(runtime, [{ device: 'cpu:0' }], 'onnxruntime', options);
    expect(settings!.forward).toEqual(onnxruntime(2, false));
  });
});
