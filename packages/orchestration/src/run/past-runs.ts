/** Lists, compares and removes run folders. */
import { lstat, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { lockOwner, readJsonFile, StorageError, systemErrorText, tryLock } from '@chorus/storage';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type Report, reportSchema } from '../report/schema.ts';

/** `stopped`: it can be resumed; `failed`: too few members finished. */
export type RunState = 'running' | 'finished' | 'stopped' | 'failed';

export interface PastRun {
  /** Absolute path. */
  folder: string;
  name: string;
  preset: string;
  /** Time of its start. */
  startedAt: Date;
  state: RunState;
  /** Share of the test images that the ensemble classifies correctly; null without an ensemble. */
  accuracy: number | null;
  /** Disk space; hard links to the same file count once. */
  bytes: number;
}

/**
 * Lists the run folders in a folder, including those of earlier versions, the oldest first.
 *
 * @throws ConfigError when the folder cannot be read.
 */
export async function listRuns(parent: string): Promise<PastRun[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
    throw new ConfigError(`Cannot list the runs in ${parent}: ${systemErrorText(error)}.`);
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name));
  const runs = await Promise.all(folders.map((folder) => describeRun(folder).catch(ignoreMistake)));
  return runs
    .filter((run) => run !== undefined)
    .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.folder < b.folder ? -1 : 1));
}

/** @throws ConfigError when the path is not a run folder. */
export async function describeRun(path: string): Promise<PastRun> {
  const folder = resolve(path);
  const { preset } = await readStart(folder);
  const report = await readReport(folder);
  const isRunning = (await lockOwner(folder)) !== undefined;
  return {
    folder,
    name: basename(folder),
    preset,
    startedAt: (await stat(join(folder, 'experiment.json'))).mtime,
    state: isRunning
      ? 'running'
      : report === undefined
        ? 'stopped'
        : report.bestMember === null
          ? 'failed'
          : 'finished',
    accuracy: report?.stackers.find(({ chosen }) => chosen)?.test.accuracy ?? null,
    bytes: await bytesOnDisk(folder),
  };
}

export interface RunComparison {
  runs: { folder: string; report: Report }[];
  /** Keys whose values differ between the experiments, such as `recipe.batchSize`, with one value or undefined per run. */
  differences: { key: string; values: unknown[] }[];
  /** Whether all runs have the same images and the same split. */
  sameImages: boolean;
}

/**
 * Compares finished runs.
 *
 * @throws ConfigError when a path is not a run folder, or a run has no report of this version.
 */
export async function compareRuns(paths: readonly string[]): Promise<RunComparison> {
  const runs = await Promise.all(
    paths.map(async (path) => {
      const folder = resolve(path);
      const { datasetFingerprint, experiment } = await readStart(folder);
      const report = await readReport(folder);
      if (report === undefined)
        throw new ConfigError(`${folder}: expected a finished run of this version, received one without a report.`);
      return { folder, report, datasetFingerprint, keys: flatten(experiment) };
    }),
  );
  const keys = [...new Set(runs.flatMap((run) => [...run.keys.keys()]))];
  return {
    runs: runs.map(({ folder, report }) => ({ folder, report })),
    differences: keys
      .map((key) => ({ key, values: runs.map((run) => run.keys.get(key)) }))
      .filter(({ values }) => values.some((value) => !isDeepStrictEqual(value, values[0]))),
    sameImages: new Set(runs.map(({ datasetFingerprint }) => datasetFingerprint)).size === 1,
  };
}

/**
 * Removes the files of a run, and its folder if it has no other files.
 *
 * @returns the names of the remaining files.
 * @throws ConfigError when the path is a link or not a run folder; StorageError when another process uses it.
 */
export async function removeRun(path: string): Promise<string[]> {
  const folder = resolve(path);
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isSymbolicLink())
    throw new ConfigError(`${folder}: expected a run folder, received a link; nothing was removed.`);
  await readStart(folder);
  const lock = await tryLock(folder);
  try {
    // `experiment.json`, which identifies a run folder, comes last, so that an interrupted removal can be repeated.
    for (const name of runEntries) await rm(join(folder, name), { recursive: true, force: true });
    const others = await readdir(folder);
    if (others.length === 0) await rmdir(folder);
    return others;
  } finally {
    await lock.release();
  }
}

// --- internal ---

const runEntries = [
  'bundle',
  'members',
  'predictions.csv',
  'metrics.jsonl',
  'report.json',
  'plan.json',
  'experiment.json',
] as const;

/** The fields of `experiment.json` that all versions have. */
const anyStartSchema = z.looseObject({
  schemaVersion: z.int(),
  preset: z.string(),
  datasetFingerprint: z.string().nullish(),
  experiment: z.looseObject({ members: z.array(z.looseObject({ name: z.string() })) }),
});

async function readStart(folder: string): Promise<z.output<typeof anyStartSchema>> {
  const content = await readJsonFile(join(folder, 'experiment.json')).catch((error: unknown) => {
    if (error instanceof StorageError) throw new ConfigError(`${folder}: expected a run folder: ${error.message}`);
    throw error;
  });
  const parsed = anyStartSchema.safeParse(content);
  if (!parsed.success)
    throw new ConfigError(`${folder}: expected a run folder, received an experiment.json that no run wrote.`);
  return parsed.data;
}

async function readReport(folder: string): Promise<Report | undefined> {
  const content = await readJsonFile(join(folder, 'report.json')).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  return reportSchema.safeParse(content).data;
}

function ignoreMistake(error: unknown): undefined {
  if (error instanceof ConfigError) return undefined;
  throw error;
}

async function bytesOnDisk(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = new Map<string, number>();
  for (const { parentPath, name } of files) {
    const { dev, ino, size } = await lstat(join(parentPath, name));
    sizes.set(`${dev}:${ino}`, size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Values by their dotted key; an array is a single value. */
function flatten(value: object, path = ''): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? [...flatten(inner, `${path}${key}.`)]
        : [[`${path}${key}`, inner] as const],
    ),
  );
}
