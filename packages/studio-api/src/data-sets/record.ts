/** What the studio stores of a data set, in a folder of its own in the workspace: nothing of it is in the user's images. */
import { join } from 'node:path';
import { folderLayouts } from '@chorus/data';
import { publishFile, readJsonFile } from '@chorus/storage';
import { z } from 'zod';

/** A change that can be undone; paths are relative to the data set's root. */
const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('relabel'),
    class: z.string(),
    moves: z.array(z.strictObject({ from: z.string(), to: z.string() })).min(1),
  }),
  z.strictObject({ kind: z.literal('exclude'), excluded: z.boolean(), paths: z.array(z.string()).min(1) }),
]);

const recordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  /** Absolute path. */
  root: z.string(),
  isOwn: z.boolean(),
  layout: z.enum(folderLayouts),
  /** Sorted. */
  excluded: z.array(z.string()),
  /** The oldest first. */
  changes: z.array(changeSchema),
});

export type Change = z.output<typeof changeSchema>;
export type Relabeling = Extract<Change, { kind: 'relabel' }>;
export type DataSetRecord = z.output<typeof recordSchema>;

/** Changes beyond this number can no longer be undone. */
const maxChanges = 500;

/** @throws StorageError when it cannot be read; ZodError when something else has written it. */
export async function readRecord(folder: string): Promise<DataSetRecord> {
  return recordSchema.parse(await readJsonFile(recordPath(folder)));
}

export async function writeRecord(folder: string, record: DataSetRecord): Promise<void> {
  const bounded = { ...record, changes: record.changes.slice(-maxChanges) };
  await publishFile(recordPath(folder), `${JSON.stringify(bounded)}\n`);
}

/** The change in words; `undo` reverts it. */
export function describeChange(change: Change): string {
  const count = change.kind === 'relabel' ? change.moves.length : change.paths.length;
  const images = count === 1 ? '1 image' : `${count} images`;
  if (change.kind === 'relabel') return `${images} moved to ${change.class}`;
  return change.excluded ? `${images} excluded` : `${images} included again`;
}

// --- internal ---

function recordPath(folder: string): string {
  return join(folder, 'data-set.json');
}
