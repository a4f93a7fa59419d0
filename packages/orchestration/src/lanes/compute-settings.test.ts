import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { computeSettings } from './compute-settings.ts';

it.each([
  { wish: 'auto', compile: true, device: 'cpu:0', processor: true, precision: 'auto' },
  { wish: 'auto', compile: true, device: 'cpu:1', processor: false, precision: 'float32' },
  { wish: 'auto', compile: true, device: 'gpu:0', processor: true, precision: 'float32' },
  { wish: 'auto', compile: false, device: 'cpu:0', processor: true, precision: 'float32' },
  { wish: 'float32', compile: true, device: 'cpu:0', processor: true, precision: 'float32' },
  { wish: 'float32', compile: false, device: 'gpu:0', processor: false, precision: 'float32' },
  { wish: 'bfloat16', compile: true, device: 'cpu:0', processor: true, precision: 'bfloat16' },
] as const)('$wish, compile: $compile, on $device, bfloat16 there: $processor → $precision', (one) => {
  const { wish, compile, device, processor, precision } = one;
  expect(computeSettings({ compile, precision: wish }, device, processor)).toEqual({ compile, precision });
});

it.each([
  { compile: false, device: 'cpu:0', processor: true, because: /runtime\.compile is false/ },
  { compile: true, device: 'gpu:1', processor: true, because: /gpu:1 is no CPU device/ },
  { compile: true, device: 'cpu:0', processor: false, because: /avx512_bf16, amx_bf16/ },
] as const)('refuses bfloat16 that would be float32: $because', ({ compile, device, processor, because }) => {
  const settings = () => computeSettings({ compile, precision: 'bfloat16' }, device, processor);
  expect(settings).toThrow(ConfigError);
  expect(settings).toThrow(because);
  expect(settings).toThrow('--set runtime.precision=auto');
});
