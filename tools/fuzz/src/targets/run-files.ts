/** Files of a run folder that `chorus report` reads, which may be somebody else's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvRows, readGradCam, readMetrics, readRunIssues } from '@chorus/orchestration';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import type { FuzzTarget } from '../target.ts';

export const metrics: FuzzTarget = {
  name: 'metrics',
  mutate: mutateBytes(['\n', '\r\n', '{', '}', '"epochIndex":', 'null', '1e999', '"__proto__":{}', '[[[[']),
  refusals: ['StorageError'],
  open: (folder) => reading(folder, 'metrics.jsonl', async (path) => void (await readMetrics(path))),
};

export const table: FuzzTarget = {
  name: 'table',
  mutate: mutateBytes(['\n', '\r\n', ',', '"', '""', ';', '\t', '\ufeff', '__proto__']),
  refusals: ['StorageError'],
  open: (folder) =>
    reading(folder, 'label-issues.csv', async (path) => {
      let count = 0;
      for await (const row of csvRows(path)) count += row.length;
      if (count > 0) await readRunIssues(path);
    }),
};

export const gradCam: FuzzTarget = {
  name: 'grad-cam',
  mutate: mutateJson,
  refusals: ['StorageError'],
  open: (folder) => reading(folder, 'grad-cam.json', async (path) => void (await readGradCam(path))),
};

// --- internal ---

async function reading(folder: string, name: string, read: (path: string) => Promise<void>) {
  const path = join(folder, name);
  return async (input: Uint8Array) => {
    await writeFile(path, input);
    await read(path);
  };
}
