import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { killAndResume } from './kill-and-resume.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

it.each([
  { variant: 'op by op', killCount: 26, seed: 1 },
  // Kills lanes twice.
  { variant: 'isolated', killCount: 4, seed: 24 },
] as const)(
  '28: $variant: runs that are killed $killCount times, at any moment and any write, give bit for bit what an undisturbed run gives',
  async (options) => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-torture-'));
    folders.push(folder);
    const { killCount, failures } = await killAndResume(join(folder, 'runs'), options);
    expect(failures).toEqual([]);
    expect(killCount).toBe(options.killCount);
  },
  600_000,
);
