/** The folder of one run: where everything of it lies, who may write to it, and what it was started with. */
import { lstat, mkdtemp, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Fold, foldName } from '@chorus/data';
import {
  publishFile,
  readJsonFile,
  StorageError,
  systemErrorText,
  tryLock,
  UnreadableFileError,
} from '@chorus/storage';
import { z } from 'zod';
import { advise, ConfigError } from '../errors.ts';
import { type Experiment, experimentSchema } from '../experiment/schema.ts';
import { makeFolder } from '../output-place.ts';

/** Written by this version, and the only one that it resumes. */
const schemaVersion = 3;

const startSchema = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
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
  /** The {@link TrainingPlan}. */
  plan: string;
  bundle: string;
  member(name: string, fold: Fold): string;
  hasMember(name: string, fold: Fold): Promise<boolean>;
  /** Bytes of all members that are there. */
  memberBytes(): Promise<number>;
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
 * Finds out whether a new run folder can be made; leaves nothing behind.
 *
 * @throws ConfigError when it holds a run already, or nothing can be made in its place.
 */
export async function requireNewRunFolder(path: string): Promise<void> {
  const folder = resolve(path);
  await requireNoRun(folder);
  try {
    // What the permissions say is not all: a file system may be read-only, a folder immutable.
    await rmdir(await mkdtemp(join(await existingPlace(folder), '.chorus-')));
  } catch (error) {
    throw notWritable(folder, error);
  }
}

/** A folder itself or, where it does not exist yet, the nearest of its parents that does. */
export async function existingPlace(folder: string): Promise<string> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const found = await stat(place).then(
      () => true,
      () => false,
    );
    if (found || dirname(place) === place) return place;
  }
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
  const member = (name: string, fold: Fold) => join(folder, 'members', name, foldName(fold));
  if (mode === 'resume') await readStart(at('experiment.json'));
  else await makeWritable(folder);
  const lock = await tryLock(folder);
  try {
    // The one who had the lock before may have started a run there, and been killed.
    if (mode === 'new') await requireNoRun(folder);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path: folder,
    metrics: at('metrics.jsonl'),
    predictions: at('predictions.csv'),
    report: at('report.json'),
    plan: at('plan.json'),
    bundle: at('bundle'),
    member,
    hasMember: (name, fold) =>
      stat(member(name, fold)).then(
        () => true,
        () => false,
      ),
    memberBytes: () => bytesIn(at('members')),
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
    // Another run may do the same at this moment, and get the lock.
    await rmdir(await mkdtemp(join(folder, '.writable-')));
  } catch (error) {
    throw notWritable(folder, error);
  }
}

function notWritable(folder: string, error: unknown): ConfigError {
  const message = `Expected to write the run into ${folder}, received: ${systemErrorText(error)}.`;
  return advise(new ConfigError(message), { code: 'output-place' });
}

/** A resumed run may have lost its members. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function requireNoRun(folder: string): Promise<void> {
  // Whatever it is: a named pipe of that name would be opened later on.
  const started = await lstat(join(folder, 'experiment.json')).catch(() => undefined);
  if (started !== undefined)
    throw advise(new ConfigError(`There is a run in ${folder} already.`), { code: 'run-exists', data: { folder } });
}

async function readStart(path: string): Promise<RunStart> {
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof UnreadableFileError)
      throw new ConfigError(`Expected a run folder with ${path}, received ${error.received}.`);
    if (error instanceof StorageError)
      throw new ConfigError(`${path} is not what a run of this version wrote: ${error.message}`);
    throw error;
  });
  const version = (content as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version !== schemaVersion)
    throw new ConfigError(
      `${path} has schemaVersion ${version}; this version of Chorus resumes runs of schemaVersion ${schemaVersion}, in which the key mirror is called testTimeAugmentation. Resume it with the version that wrote it, or start a new run.`,
    );
  const parsed = startSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${path} is not what a run of this version wrote: ${parsed.error.message.slice(0, 300)}`);
}
