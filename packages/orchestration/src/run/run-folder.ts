/** The folder of one run: where everything of it lies, who may write to it, and what it was started with. */
import { lstat, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { publishFile, readJsonFile, StorageError, tryLock, UnreadableFileError } from '@chorus/storage';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type Experiment, experimentSchema } from '../experiment/schema.ts';
import { makeFolder } from '../output-place.ts';

const startSchema = z.strictObject({
  schemaVersion: z.literal(2),
  preset: z.string(),
  versions: z.record(z.string(), z.string()),
  /** Of the images and their split, so that a resumed run learns from the same ones. */
  datasetFingerprint: z.string().nullable(),
  experiment: experimentSchema,
});

/** `experiment.json`: what a run was started with. */
export type RunStart = z.output<typeof startSchema>;

export interface RunFolder {
  path: string;
  metrics: string;
  predictions: string;
  report: string;
  bundle: string;
  member(name: string, part: string): string;
  hasMember(name: string, part: string): Promise<boolean>;
  readStart(): Promise<RunStart>;
  writeStart(start: RunStart): Promise<void>;
  /** Lets another process use the folder. */
  release(): Promise<void>;
}

/** A name that sorts by time, such as `runs/mobile-2026-11-24T09-30-00`. */
export function defaultRunFolder(base: string, experiment: Experiment, now: Date): string {
  return join(base, 'runs', `${experiment.name}-${now.toISOString().slice(0, 19).replaceAll(':', '-')}`);
}

/**
 * Makes (or, to resume, opens) a run folder and locks it.
 *
 * @throws ConfigError when a new one is not empty, an old one is not a run, or it cannot be written to; StorageError
 * when another process holds it.
 */
export async function openRunFolder(path: string, mode: 'new' | 'resume'): Promise<RunFolder> {
  const folder = resolve(path);
  const at = (name: string) => join(folder, name);
  if (mode === 'resume') await readStart(at('experiment.json'));
  else await makeWritable(folder);
  const lock = await tryLock(folder);
  return {
    path: folder,
    metrics: at('metrics.jsonl'),
    predictions: at('predictions.csv'),
    report: at('report.json'),
    bundle: at('bundle'),
    member: (name, part) => join(folder, 'members', name, part),
    hasMember: (name, part) =>
      stat(join(folder, 'members', name, part)).then(
        () => true,
        () => false,
      ),
    readStart: () => readStart(at('experiment.json')),
    writeStart: (start) => publishFile(at('experiment.json'), JSON.stringify(start, null, 2)),
    release: () => lock.release(),
  };
}

// --- internal ---

async function makeWritable(folder: string): Promise<void> {
  try {
    await makeFolder(join(folder, 'members'));
    // A folder may exist and yet refuse files: find out now, not after an hour of training.
    await rmdir(await mkdtemp(join(folder, '.writable-')));
  } catch (error) {
    throw new ConfigError(
      `Expected to write the run into ${folder}, received ${(error as NodeJS.ErrnoException).code}; name another folder with --out.`,
    );
  }
  // Whatever it is: a named pipe of that name would be opened later on.
  const started = await lstat(join(folder, 'experiment.json')).catch(() => undefined);
  if (started !== undefined)
    throw new ConfigError(`There is a run in ${folder} already; go on with --resume ${folder} or name another --out.`);
}

async function readStart(path: string): Promise<RunStart> {
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof UnreadableFileError)
      throw new ConfigError(`Expected a run folder with ${path}, received ${error.received}.`);
    if (error instanceof StorageError)
      throw new ConfigError(`${path} is not what a run of this version wrote: ${error.message}`);
    throw error;
  });
  const parsed = startSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path} is not what a run of this version wrote: ${parsed.error.message.slice(0, 300)}`);
}
