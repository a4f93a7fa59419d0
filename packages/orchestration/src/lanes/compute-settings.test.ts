import { expect, it } from 'vitest';
import { computeSettings } from './compute-settings.ts';

const runtime = { compile: true, precision: 'float32' } as const;

it.each([
  ['onnxruntime', 'cpu:1', { engine: 'onnxruntime', threads: 3 }],
  ['onnxruntime', 'gpu:0', { engine: 'tensorflow' }],
  ['tensorflow', 'cpu:0', { engine: 'tensorflow' }],
] as const)('with %s, %s runs forward passes with %j', (engine, device, forward) => {
  const settings = computeSettings(runtime, { device, intraOpThreads: 3 }, engine);
  expect(settings).toEqual({ compile: true, bfloat16: false, forward });
});
