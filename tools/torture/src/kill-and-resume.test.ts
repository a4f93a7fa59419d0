import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { killAndResume } from './kill-and-resume.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

it('28: runs that are killed 30 times, at any moment and any write, give bit for bit what an undisturbed run gives', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-torture-'));
  folders.push(folder);
  const result = await killAndResume(join(folder, 'runs'), { variant: 'op by op', killCount: 30, seed: 1 });
  expect(result).toEqual({ killCount: 30, runCount: expect.any(Number), failures: [] });
}, 600_000);
