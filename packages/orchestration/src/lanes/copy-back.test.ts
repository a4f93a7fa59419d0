import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeaturesTask } from '@chorus/training';
import { expect, it } from 'vitest';
import { copyBack, writtenBy } from './copy-back.ts';
import { sharedMemory } from './mapped-values.ts';
import { SharedFiles } from './shared-files.ts';

it('copies the rows of the range, those of its copies, and the reads, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-copy-'));
  const files = await SharedFiles.open(join(folder, 'memory'));
  try {
    // Three images with two views and two copies each, one number a row.
    const rows = new SharedArrayBuffer(12 * Float32Array.BYTES_PER_ELEMENT);
    const reads = new SharedArrayBuffer(3);
    new Uint8Array(reads)[2] = 1;
    const features = { indices: Uint32Array.of(0, 1, 2), rowsPerImage: 2, cachedCopies: { count: 2 }, rows };
    const task = { kind: 'features', features, range: { start: 1, end: 2 }, reads } as unknown as FeaturesTask;
    expect(writtenBy(task)).toEqual([reads, rows]);
    const mapped = async (buffer: SharedArrayBuffer) =>
      sharedMemory(await files.pathOf(buffer), buffer.byteLength, { isWritable: true });
    new Float32Array(await mapped(rows)).set(Array.from({ length: 12 }, (_, row) => row + 1));
    new Uint8Array(await mapped(reads)).set([0, 1, 0]);
    await copyBack(task, files);
    expect([...new Float32Array(rows)]).toEqual([0, 0, 3, 4, 0, 0, 0, 8, 0, 0, 11, 0]);
    // What this process or another lane has set stays.
    expect([...new Uint8Array(reads)]).toEqual([0, 1, 1]);
  } finally {
    files.close();
    await rm(folder, { recursive: true, force: true });
  }
});
