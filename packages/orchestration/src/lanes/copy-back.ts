/** What lane processes write into shared memory, and its way back into the memory of the main process. */
import type { LaneTask } from '@chorus/training';
import type { SharedFiles } from './shared-files.ts';

/** The buffers of a task that its lane writes to. */
export function writtenBy(task: LaneTask): SharedArrayBuffer[] {
  return task.kind === 'features' ? [task.reads, task.features.rows] : [task.reads];
}

/** Copies what a task has written from the files of its buffers into them. */
export async function copyBack(task: LaneTask, files: SharedFiles): Promise<void> {
  const reads = new Uint8Array(task.reads);
  // Other lanes may have set others.
  for (const [image, isRead] of (await files.read(task.reads, 0, reads.length)).entries())
    if (isRead === 1) reads[image] = 1;
  if (task.kind !== 'features') return;
  const { rows } = task.features;
  for (const { start, end } of rowBytesOf(task))
    new Uint8Array(rows, start, end - start).set(await files.read(rows, start, end - start));
}

// --- internal ---

/** Where the rows of a task's images are, in bytes: those of all views together, then those of each copy. */
function rowBytesOf({ range, features }: Extract<LaneTask, { kind: 'features' }>): { start: number; end: number }[] {
  const { indices, rowsPerImage, cachedCopies, rows } = features;
  const copyCount = cachedCopies?.count ?? 0;
  const rowBytes = rows.byteLength / (indices.length * (rowsPerImage + copyCount));
  const blocks = [
    { first: 0, perImage: rowsPerImage },
    ...Array.from({ length: copyCount }, (_, copy) => ({
      first: indices.length * (rowsPerImage + copy),
      perImage: 1,
    })),
  ];
  return blocks.map(({ first, perImage }) => ({
    start: rowBytes * (first + range.start * perImage),
    end: rowBytes * (first + range.end * perImage),
  }));
}
