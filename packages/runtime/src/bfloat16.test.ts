import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hasBfloat16 } from './bfloat16.ts';

const cpuInfo = '/proc/cpuinfo';

it.skipIf(process.arch !== 'x64' || !existsSync(cpuInfo))('matches the processor flags that Linux reports', () => {
  const flags = new Set(readFileSync(cpuInfo, 'utf8').split(/\s+/));
  expect(hasBfloat16({})).toBe(flags.has('avx512_bf16') || flags.has('amx_bf16'));
});

it('is false without oneDNN', () => {
  expect(hasBfloat16({ TF_ENABLE_ONEDNN_OPTS: '0' })).toBe(false);
});
