import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { usesBfloat16 } from './bfloat16.ts';

it.each([
  { requested: 'auto', compile: true, device: 'cpu:0', processor: true, bfloat16: true },
  { requested: 'auto', compile: true, device: 'cpu:1', processor: false, bfloat16: false },
  { requested: 'auto', compile: true, device: 'gpu:0', processor: true, bfloat16: false },
  { requested: 'auto', compile: false, device: 'cpu:0', processor: true, bfloat16: false },
  { requested: 'float32', compile: true, device: 'cpu:0', processor: true, bfloat16: false },
  { requested: 'float32', compile: false, device: 'gpu:0', processor: false, bfloat16: false },
  { requested: 'bfloat16', compile: true, device: 'cpu:0', processor: true, bfloat16: true },
] as const)('precision $requested, compile: $compile, on $device, CPU with bfloat16: $processor → $bfloat16', (one) => {
  const { requested, compile, device, processor, bfloat16 } = one;
  expect(usesBfloat16({ compile, precision: requested }, device, processor)).toBe(bfloat16);
});

it.each([
  { compile: false, device: 'cpu:0', processor: true, because: /runtime\.compile is false/ },
  { compile: true, device: 'gpu:1', processor: true, because: /gpu:1 is not a CPU device/ },
  { compile: true, device: 'cpu:0', processor: false, because: /avx512_bf16, amx_bf16/ },
] as const)('refuses bfloat16 that would be float32: $because', ({ compile, device, processor, because }) => {
  const settings = () => usesBfloat16({ compile, precision: 'bfloat16' }, device, processor);
  expect(settings).toThrow(ConfigError);
  expect(settings).toThrow(because);
  expect(settings).toThrow(expect.objectContaining({ code: 'bfloat16-unavailable' }));
});
