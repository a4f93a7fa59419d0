/** Lists, compares and removes run folders. */
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import {
  bytesOnDisk,
  readJsonFile,
  StorageError,
  systemErrorText,
  tryLock,
  UnreadableFileError,
} from '@chorus/storage';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { type Report, reportSchema } from '../report/schema.ts';
import { experimentDifferences, type KeyDifference } from './experiment-differences.ts';
import { removeRunFiles } from './run-files.ts';
import { runOwner } from './run-folder.ts';

/** `stopped`: it can be resumed; `failed`: too few members finished; `unknown`: its report is damaged or of an unknown version. */
export type RunState = 'running' | 'finished' | 'stopped' | 'failed' | 'unknown';

export interface PastRun {
  /** Absolute path. */
  folder: string;
  name: string;
  preset: string;
  /** Absolute path of its images, or the name of a data set. */
  source: string | null;
  /** Time of its start. */
  startedAt: Date;
  state: RunState;
  /** Share of the test images that the ensemble classifies correctly; null without an ensemble. */
  accuracy: number | null;
  /** Trained members, of which a resumed run keeps the undamaged ones. */
  memberCount: number;
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
  const runs = await Promise.all(folders.map((folder) => describeRun(folder).catch(ignoreUnreadable)));
  return runs
    .filter((run) => run !== undefined)
    .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime() || (a.folder < b.folder ? -1 : 1));
}

/** @throws ConfigError when the path is not a run folder. */
export async function describeRun(path: string): Promise<PastRun> {
  const folder = resolve(path);
  const { preset, experiment } = await readStart(folder);
  const report = await readAnyReport(folder);
  const isRunning = (await runOwner(folder)) !== undefined;
  return {
    folder,
    name: basename(folder),
    preset,
    source: experiment.data?.source ?? null,
    startedAt: (await stat(join(folder, 'experiment.json'))).mtime,
    state: isRunning ? 'running' : report.state,
    accuracy: report.accuracy,
    memberCount: await subfolderCount(join(folder, 'members')),
    bytes: await bytesOnDisk(folder),
  };
}

export interface RunComparison {
  runs: {
    folder: string;
    report: Report;
    /** Of the images and their split; null in runs of earlier versions. */
    datasetFingerprint: string | null;
  }[];
  /** See {@link experimentDifferences}. */
  differences: KeyDifference[];
  /** Whether all runs have the same images and the same split. */
  sameImages: boolean;
}

/**
 * Compares finished runs.
 *
 * @throws ConfigError when a path is not a run folder, or a run has no report of this version.
 */
export async function compareRuns(paths: readonly string[]): Promise<RunComparison> {
  const runs: Awaited<ReturnType<typeof readFinishedRun>>[] = [];
  // One after the other, so that the error names the first run that has no report.
  for (const path of paths) runs.push(await readFinishedRun(resolve(path)));
  return {
    runs: runs.map(({ folder, report, datasetFingerprint }) => ({ folder, report, datasetFingerprint })),
    differences: experimentDifferences(runs.map(({ experiment }) => experiment)),
    sameImages: new Set(runs.map(({ datasetFingerprint }) => datasetFingerprint)).size === 1,
  };
}

/**
 * Removes the files that a run writes, and the folders that are empty afterwards. Keeps all other files.
 *
 * @returns paths of the remaining files, relative to the run folder.
 * @throws ConfigError when the path is a link or not a run folder; StorageError when another process uses it.
 */
export async function removeRun(path: string): Promise<string[]> {
  const folder = resolve(path);
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isSymbolicLink()) throw new ConfigError(`${folder} is a link, not a run folder; nothing was removed.`);
  await readStart(folder);
  const lock = await tryLock(folder);
  try {
    await removeRunFiles(folder);
    const others = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
    if (others.length === 0) await rm(folder, { recursive: true });
    return others.toSorted();
  } finally {
    await lock.release();
  }
}

// --- internal ---

/** @throws ConfigError as {@link compareRuns}. */
async function readFinishedRun(folder: string) {
  const { datasetFingerprint, experiment } = await readStart(folder);
  const report = await readReport(folder);
  if (report === undefined)
    throw new ConfigError(`Cannot compare ${folder}: it has no report of this version of Chorus.`);
  return { folder, report, datasetFingerprint: datasetFingerprint ?? null, experiment };
}

/** The fields of `experiment.json` that all versions have. */
const anyStartSchema = z.looseObject({
  schemaVersion: z.int(),
  preset: z.string(),
  datasetFingerprint: z.string().nullish(),
  experiment: z.looseObject({
    data: z.looseObject({ source: z.string().optional() }).optional(),
    members: z.array(z.looseObject({ name: z.string() })),
  }),
});

async function readStart(folder: string): Promise<z.output<typeof anyStartSchema>> {
  const content = await readJsonFile(join(folder, 'experiment.json')).catch((error: unknown) => {
    if (error instanceof StorageError) throw new ConfigError(`${folder} is not a run folder: ${error.message}`);
    throw error;
  });
  const parsed = anyStartSchema.safeParse(content);
  if (!parsed.success)
    throw new ConfigError(`${folder} is not a run folder: its experiment.json was not written by a run.`);
  return parsed.data;
}

/** @throws ConfigError for a file that is there, but is not JSON in a regular file. */
async function readReport(folder: string): Promise<Report | undefined> {
  const content = await readJsonFile(join(folder, 'report.json')).catch((error: unknown) => {
    if (error instanceof UnreadableFileError && error.code === 'ENOENT') return undefined;
    throw error instanceof StorageError ? new ConfigError(`Cannot compare ${folder}: ${error.message}`) : error;
  });
  return reportSchema.safeParse(content).data;
}

/** The fields that the reports of all versions have. */
const anyReportSchema = z.looseObject({
  bestMember: z.string().nullable(),
  stackers: z.array(z.looseObject({ chosen: z.boolean(), test: z.looseObject({ accuracy: z.number() }) })),
});

/** The outcome of a run, from a report of any version. */
async function readAnyReport(folder: string): Promise<{ state: RunState; accuracy: number | null }> {
  const path = join(folder, 'report.json');
  const exists = await lstat(path).then(
    () => true,
    () => false,
  );
  if (!exists) return { state: 'stopped', accuracy: null };
  const content = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof StorageError) return undefined;
    throw error;
  });
  const { data: report } = anyReportSchema.safeParse(content);
  if (report === undefined) return { state: 'unknown', accuracy: null };
  if (report.bestMember === null) return { state: 'failed', accuracy: null };
  return { state: 'finished', accuracy: report.stackers.find(({ chosen }) => chosen)?.test.accuracy ?? null };
}

/** Ignores folders that are not runs, cannot be read, or change while they are read. */
function ignoreUnreadable(error: unknown): undefined {
  if (error instanceof ConfigError || (error as NodeJS.ErrnoException).syscall !== undefined) return undefined;
  throw error;
}

async function subfolderCount(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).length;
}
