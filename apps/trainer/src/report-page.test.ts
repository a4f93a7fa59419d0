import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { reportPageLines } from './report-page.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-page-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('says why a page was not written, and fails nothing', async () => {
  expect(await reportPageLines([folder])).toEqual([
    expect.stringMatching(/^page: not written: .* is not a run folder: /),
  ]);
});

it('writes no page with CHORUS_PAGE=off', async () => {
  vi.stubEnv('CHORUS_PAGE', 'off');
  expect(await reportPageLines([folder])).toEqual([]);
});
