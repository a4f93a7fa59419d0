/** What the studio stores of a data set, in a folder of its own in the workspace: nothing of it is in the user's images. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderLayouts } from '@chorus/data';
import { publishFile, readJsonFile } from '@chorus/storage';
import { z } from 'zod';
import { changing } from './disk-change.ts';
import { isInside } from './names.ts';

/** A workspace that came from elsewhere has records of its own. */
const pathSchema = z.string().refine(isInside, 'expected a path inside of the data set');
const movesSchema = z.array(z.strictObject({ from: pathSchema, to: pathSchema }));

/** A change that can be undone; paths are relative to the data set's root, and those of that time. */
const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('relabel'),
    class: z.string(),
    moves: movesSchema.min(1),
  }),
  z.strictObject({ kind: z.literal('rename'), from: z.string(), to: z.string(), folders: movesSchema }),
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
  /** Moves that have begun. What a killed studio leaves here is not a change: these files are moved back. */
  moving: movesSchema,
  /** Folders of a class whose renaming has begun; treated as `moving`. */
  renaming: movesSchema.default([]),
});

export type Change = z.output<typeof changeSchema>;
export type Relabeling = Extract<Change, { kind: 'relabel' }>;
export type Renaming = Extract<Change, { kind: 'rename' }>;
export type DataSetRecord = z.output<typeof recordSchema>;

/** Of the changes that can be undone. */
const maxChanges = 500;
/** So that a record can be read again: a change names up to a thousand images. */
const maxChangesBytes = 8 * 2 ** 20;

/** @throws StorageError when it cannot be read; ZodError when something else has written it. */
export async function readRecord(folder: string): Promise<DataSetRecord> {
  return recordSchema.parse(await readJsonFile(recordPath(folder)));
}

export function hasRecord(folder: string): boolean {
  return existsSync(recordPath(folder));
}

export async function removeRecord(folder: string): Promise<void> {
  await changing(recordPath(folder), () => rm(recordPath(folder), { force: true }));
}

/** @throws StudioError when the disk is full or read-only. */
export async function writeRecord(folder: string, record: DataSetRecord): Promise<void> {
  await changing(recordPath(folder), () => publishFile(recordPath(folder), `${JSON.stringify(record)}\n`));
}

/** The last changes; earlier ones can no longer be undone. */
export function keptChanges(changes: readonly Change[]): Change[] {
  const kept: Change[] = [];
  let bytes = 0;
  for (const change of changes.slice(-maxChanges).toReversed()) {
    bytes += Buffer.byteLength(JSON.stringify(change));
    if (bytes > maxChangesBytes && kept.length > 0) break;
    kept.unshift(change);
  }
  return kept;
}

/** The change in words; `undo` reverts it. */
export function describeChange(change: Change): string {
  if (change.kind === 'rename') return `${change.from} renamed to ${change.to}`;
  const count = change.kind === 'relabel' ? change.moves.length : change.paths.length;
  const images = count === 1 ? '1 image' : `${count} images`;
  if (change.kind === 'relabel') return `${images} moved to ${change.class}`;
  return change.excluded ? `${images} excluded` : `${images} included again`;
}

// --- internal ---

function recordPath(folder: string): string {
  return join(folder, 'data-set.json');
}
