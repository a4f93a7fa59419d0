/** The folder of a run: its paths, its lock and the experiment that it was started with. */
import { lstat, mkdtemp, readdir, realpath, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Fold, foldName } from '@chorus/data';
import { checkValue, mistakesLine } from '@chorus/models';
import {
  bytesOnDisk,
  lockOwner,
  makeFolder,
  publishFile,
  readJsonFile,
  StorageError,
  tryLock,
  UnreadableFileError,
  UnwritableError,
  writing,
} from '@chorus/storage';
import { z } from 'zod';
import { advise, ConfigError } from '../errors.ts';
import { type Experiment, experimentSchema } from '../experiment/schema.ts';
import { requireWritable, unwritable } from '../output-place.ts';
import { removeLeftOvers } from './left-overs.ts';
import { hasTrained, removeRunFiles } from './run-files.ts';

/** The only version that is written and can be resumed. */
const schemaVersion = 3;

const startSchema = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  preset: z.string(),
  versions: z.record(z.string(), z.string()),
  /** Fingerprint of the images and their split, which must be the same when the run is resumed. */
  datasetFingerprint: z.string().nullable(),
  /** Number of usable images of each class. Earlier versions did not write it. */
  images: z.array(z.strictObject({ class: z.string(), count: z.int().min(0) })).optional(),
  /** What was edited before the run was resumed, as the user has accepted; omitted if nothing was. */
  edits: z.array(z.string()).optional(),
  /** Engine for forward passes on CPU lanes, which a resumed run uses again. Earlier versions only had TensorFlow. */
  forward: z.enum(['onnxruntime', 'tensorflow']).default('tensorflow'),
  experiment: experimentSchema,
});

/** `experiment.json`: the experiment that a run was started with. */
export type RunStart = z.output<typeof startSchema>;

export interface RunFolder {
  path: string;
  metrics: string;
  predictions: string;
  labelIssues: string;
  /** The {@link GradCam} of test images that the report shows. */
  gradCam: string;
  report: string;
  /** The {@link TrainingPlan}. */
  plan: string;
  /** The {@link BudgetRecord} of a run with a time budget. */
  budget: string;
  /** Why processes of the run have ended unexpectedly. */
  restarts: string;
  /** Folder for memory that isolated lanes share, while the run trains. */
  laneMemory: string;
  bundle: string;
  /** Folder of the student. */
  student: string;
  /** Folder of the logs for TensorBoard. */
  tensorboard: string;
  member(name: string, fold: Fold): string;
  /** Folder of the checkpoints of a training that is not done. */
  checkpoints(name: string, fold: Fold): string;
  hasMember(name: string, fold: Fold): Promise<boolean>;
  hasStudent(): Promise<boolean>;
  hasTensorBoard(): Promise<boolean>;
  /** Size in bytes of all members, checkpoints and the student in the folder. */
  trainedBytes(): Promise<number>;
  readStart(): Promise<RunStart>;
  writeStart(start: RunStart): Promise<void>;
  /** Removes the empty folders of checkpoints, whose trainings are done. */
  tidyCheckpoints(): Promise<void>;
  /** Releases the lock on the folder. */
  release(): Promise<void>;
}

/** A path that sorts by time, such as `runs/mobile-2026-11-24T09-30-00`. */
export function defaultRunFolder(base: string, experiment: Experiment, now: Date): string {
  return join(base, 'runs', defaultRunFolderName(experiment.name, now));
}

/** A name that sorts by time, such as `mobile-2026-11-24T09-30-00`. */
export function defaultRunFolderName(name: string, now: Date): string {
  return `${name}-${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

/**
 * Checks that a new run folder can be created, without creating it. One whose run ended before it trained anything can be used again.
 *
 * @throws ConfigError when the folder already contains a run, or cannot be created.
 */
export async function requireNewRunFolder(path: string): Promise<void> {
  const folder = resolve(path);
  if ((await runOwner(folder)) !== undefined) await requireNoStart(folder);
  await requireNoTraining(folder);
  try {
    // Permissions are not enough: a file system may be read-only, or a folder immutable.
    await rmdir(await mkdtemp(join(await existingPlace(folder), '.chorus-')));
  } catch (error) {
    throw unwritable(`Cannot write the run to ${folder}`, error);
  }
}

/** The folder itself or, if it does not exist, its nearest existing parent. */
export async function existingPlace(folder: string): Promise<string> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    if ((await exists(place)) || dirname(place) === place) return place;
  }
}

/**
 * Checks that a run can be resumed in its folder.
 *
 * @throws ConfigError when the folder is not writable.
 */
export async function requireResumable(folder: string): Promise<void> {
  await requireWritable(folder, resumeAdvice);
}

/**
 * Creates a run folder, or opens one to resume, locks it, and removes the temporary files that killed processes have left there. The
 * files of a run that ended before it trained anything make way for a new one.
 *
 * @param onNotice receives a message if the lock of the folder has to become stale first.
 * @throws ConfigError when a new folder already contains a run or is not writable, or a folder to resume does not contain one;
 * StorageError when another process has locked it.
 */
export async function openRunFolder(
  path: string,
  mode: 'new' | 'resume',
  onNotice?: (notice: string) => void,
): Promise<RunFolder> {
  const folder = resolve(path);
  const at = (name: string) => join(folder, name);
  const member = (name: string, fold: Fold) => join(folder, 'members', name, foldName(fold));
  if (mode === 'resume') await readStart(at('experiment.json'));
  else await makeWritable(folder);
  const onWait = (owner = 'unknown') =>
    onNotice?.(
      `${folder} was locked by process ${owner}, probably of another machine; waiting to see whether it is still running`,
    );
  const lock = await writing(folder, async () => tryLock(await lockedPath(folder), { onWait })).catch(
    (error: unknown) => {
      throw mode === 'resume' && error instanceof UnwritableError ? cannotResume(folder, error) : error;
    },
  );
  try {
    // The previous owner of the lock may have started a run before it was killed.
    if (mode === 'new') await replaceUntrained(folder);
    await removeLeftOvers(folder);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path: folder,
    metrics: at('metrics.jsonl'),
    predictions: at('predictions.csv'),
    labelIssues: at('label-issues.csv'),
    gradCam: at('grad-cam.json'),
    report: at('report.json'),
    plan: at('plan.json'),
    budget: at('budget.json'),
    restarts: at('restarts.json'),
    laneMemory: at('lane-memory'),
    bundle: at('bundle'),
    student: at('student'),
    tensorboard: at('tensorboard'),
    member,
    checkpoints: (name, fold) => join(folder, 'checkpoints', name, foldName(fold)),
    hasMember: (name, fold) => exists(member(name, fold)),
    hasStudent: () => exists(at('student')),
    hasTensorBoard: () => exists(at('tensorboard')),
    trainedBytes: async () => {
      const sizes = await Promise.all(['members', 'checkpoints', 'student'].map((name) => bytesOnDisk(at(name))));
      return sizes.reduce((sum, bytes) => sum + bytes, 0);
    },
    readStart: () => readStart(at('experiment.json')),
    writeStart: (start) => publishFile(at('experiment.json'), JSON.stringify(start, null, 2)),
    tidyCheckpoints: () => removeEmptyFolders(at('checkpoints')),
    release: () => lock.release(),
  };
}

/**
 * The start of the run in a folder, which may be running.
 *
 * @throws ConfigError when the folder has no run of this version of Chorus.
 */
export function readRunStart(folder: string): Promise<RunStart> {
  return readStart(join(folder, 'experiment.json'));
}

/** The id of the process that uses a run folder; undefined if none does. */
export async function runOwner(folder: string): Promise<number | undefined> {
  return lockOwner(await lockedPath(folder));
}

// --- internal ---

const resumeAdvice = 'make it writable, or copy the run folder to another place and resume the copy';

function cannotResume(folder: string, error: UnwritableError): ConfigError {
  return unwritable(`Cannot write to ${folder}`, error, resumeAdvice);
}

/** A link to a run folder has the lock of the folder. */
function lockedPath(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Removes folders in a folder that are empty, and the folder itself if it is. */
async function removeEmptyFolders(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  // One that is not empty, or not a folder, stays.
  for (const path of [...names.map((name) => join(folder, name)), folder]) await rmdir(path).catch(() => {});
}

async function makeWritable(folder: string): Promise<void> {
  try {
    await makeFolder(join(folder, 'members'));
    // An existing folder may reject new files; check this before training. Another run may check at the same time; the lock
    // decides between them.
    await rmdir(await mkdtemp(join(folder, '.writable-')));
  } catch (error) {
    throw unwritable(`Cannot write the run to ${folder}`, error);
  }
}

/** @throws ConfigError when there is a run in the folder. */
async function requireNoStart(folder: string): Promise<void> {
  if (await hasStart(folder))
    throw advise(new ConfigError(`There is already a run in ${folder}.`), { code: 'run-exists', data: { folder } });
}

/** @throws ConfigError when there is a run in the folder that has trained something, or an `experiment.json` that no run wrote. */
async function requireNoTraining(folder: string): Promise<void> {
  if (!(await hasStart(folder))) return;
  const isRun = await readRunStart(folder).then(
    () => true,
    () => false,
  );
  if (!isRun || (await hasTrained(folder))) await requireNoStart(folder);
}

async function replaceUntrained(folder: string): Promise<void> {
  await requireNoTraining(folder);
  if (await hasStart(folder)) await removeRunFiles(folder);
}

/** Whether there is an `experiment.json` of any type: a named pipe, for example, would be opened later. */
function hasStart(folder: string): Promise<boolean> {
  return lstat(join(folder, 'experiment.json')).then(
    () => true,
    () => false,
  );
}

/** A sentence about run folders in or above a folder that is none; empty if there are none. */
async function nearbyRuns(folder: string): Promise<string> {
  const isRun = (path: string) =>
    stat(join(path, 'experiment.json')).then(
      (found) => found.isFile(),
      () => false,
    );
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return '';
  const runs: string[] = [];
  for (const name of names) if (await isRun(join(folder, name))) runs.push(name);
  const parent = dirname(folder);
  // The user's own experiments can have the same name; so those in the folder come first.
  if (runs.length === 0)
    return (await isRun(parent)) ? ` Did you mean ${parent}, which contains ${basename(folder)}?` : '';
  // Names of runs begin alike and end with the time of their start.
  const shown = runs.slice(-3).join(', ');
  return ` It contains ${runs.length === 1 ? `the run ${shown}` : `${runs.length} runs, such as ${shown}`}.`;
}

/** Earlier versions had `recipe.flip` in place of `recipe.augmentation`. */
function withAugmentation(start: unknown): unknown {
  const experiment = (start as { experiment?: { recipe?: { flip?: unknown } } } | null)?.experiment;
  const flip = experiment?.recipe?.flip;
  if (typeof flip !== 'boolean') return start;
  const { flip: _, ...recipe } = { ...experiment!.recipe, augmentation: flip ? 'flip' : 'none' };
  return { ...(start as object), experiment: { ...experiment, recipe } };
}

/** Earlier versions did nothing about classes of unequal size, so that their runs are resumed without it. */
function withImbalance(start: unknown): unknown {
  const experiment = (start as { experiment?: { recipe?: object } } | null)?.experiment;
  if (typeof experiment?.recipe !== 'object' || 'imbalance' in experiment.recipe) return start;
  return {
    ...(start as object),
    experiment: { ...experiment, recipe: { ...experiment.recipe, imbalance: 'none' } },
  };
}

async function readStart(path: string): Promise<RunStart> {
  const content = await readJsonFile(path).catch(async (error: unknown) => {
    if (error instanceof UnreadableFileError)
      throw new ConfigError(
        `Expected a run folder, but cannot read ${path}: ${error.received}.${await nearbyRuns(dirname(path))}`,
      );
    if (error instanceof StorageError)
      throw new ConfigError(`Expected a run folder, received an invalid file: ${error.message}`);
    throw error;
  });
  const version = (content as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version !== schemaVersion)
    throw new ConfigError(
      `${path} has schemaVersion ${version}; this version of Chorus resumes runs of schemaVersion ${schemaVersion}, in which the key mirror is called testTimeAugmentation. Resume it with the version that wrote it, or start a new run.`,
    );
  const { data, mistakes } = checkValue(startSchema, withImbalance(withAugmentation(content)));
  if (mistakes === undefined) return data;
  throw new ConfigError(`${path} was not written by a run of this version of Chorus: ${mistakesLine(mistakes)}.`);
}
