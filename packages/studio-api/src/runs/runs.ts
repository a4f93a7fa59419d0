/** Describes, compares, exports and removes the runs of a workspace. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  classifyError,
  compareRuns,
  describeRun,
  listRuns,
  type PastRun,
  type Report,
  readRunIssues,
  removeRun,
} from '@chorus/orchestration';
import { readJsonFile, StorageError } from '@chorus/storage';
import { z } from 'zod';
import type { DataSets } from '../data-sets/data-sets.ts';
import { StudioError } from '../errors.ts';
import { type Job, startJob } from '../jobs/job.ts';
import type { JobName, Jobs } from '../jobs/messages.ts';
import type {
  Comparison,
  ExportedFiles,
  ExportRequest,
  LabelIssues,
  RemovedRun,
  RunDetails,
  RunReport,
  RunSummary,
} from '../protocol/runs.ts';
import { exportFormats } from '../protocol/runs.ts';
import type { TrainingState } from '../protocol/training-state.ts';
import { Turns } from '../turns.ts';
import { readPastTraining } from './past-training.ts';
import { existingRunFolder, runFolderOf, runsFolder, unknownRun } from './run-folder.ts';
import type { Training } from './training.ts';
import type { Trainings } from './trainings.ts';

export class Runs {
  readonly #workspace: string;
  readonly #dataSets: DataSets;
  readonly #trainings: Trainings;
  /** Reports, comparisons and exports are written one at a time, so that they do not compete for the processors. */
  readonly #turns = new Turns();
  #writing: { stop(graceMs: number): void; ended: Promise<void> } | undefined;
  #isClosed = false;

  constructor(options: { workspace: string; dataSets: DataSets; trainings: Trainings }) {
    this.#workspace = options.workspace;
    this.#dataSets = options.dataSets;
    this.#trainings = options.trainings;
  }

  /** The newest first. */
  async list(): Promise<RunSummary[]> {
    const folder = runsFolder(this.#workspace);
    const past = existsSync(folder) ? await listRuns(folder) : [];
    const known = new Set(past.map(({ name }) => name));
    return [
      ...past.map((run) => this.#summaryOf(run)),
      ...this.#trainings.all.filter(({ id }) => !known.has(id)).map(summaryWithoutFolder),
    ].toSorted((a, b) => b.startedAtMs - a.startedAtMs);
  }

  /** @throws RequestError for an unknown run. */
  async describe(id: string): Promise<RunDetails> {
    const folder = runFolderOf(this.#workspace, id);
    const training = this.#trainings.get(id);
    const past = await this.#past(id);
    if (past === undefined) {
      if (training === undefined) throw unknownRun(id);
      return {
        ...summaryWithoutFolder(training),
        folder,
        training: training.state,
        exports: { ensemble: [], student: null },
      };
    }
    return {
      ...this.#summaryOf(past),
      folder,
      training: training?.state ?? (await this.#readState(past)),
      exports: await exportsIn(folder),
    };
  }

  /** @throws RequestError for an unknown run. */
  async stateOf(id: string): Promise<TrainingState> {
    const training = this.#trainings.get(id);
    if (training !== undefined) return training.state;
    const past = await this.#past(id);
    if (past === undefined) throw unknownRun(id);
    return this.#readState(past);
  }

  /** @throws RequestError for an unknown run; StudioError for one that is running. */
  async remove(id: string): Promise<RemovedRun> {
    const training = this.#trainings.get(id);
    if (training?.isRunning) throw new StudioError('conflict', 'The run is running; stop it first.');
    const past = await this.#past(id);
    if (past === undefined && training === undefined) throw unknownRun(id);
    const kept = past === undefined ? [] : await removeRun(past.folder);
    this.#trainings.forget(id);
    return { kept };
  }

  /** @throws RequestError for an unknown run; ConfigError for one without a report. */
  async report(id: string): Promise<RunReport> {
    const { report } = await this.#finished(id);
    return { report, dataSet: this.#dataSetOf(sourceOf(report)) };
  }

  /**
   * The path of `report.html`, which is written if it is missing or older than the report.
   *
   * @throws as {@link report}; JobError when it cannot be written.
   */
  async reportPage(id: string): Promise<string> {
    const { folder } = await this.#finished(id);
    const page = join(folder, 'report.html');
    const [pageTime, reportTime] = await Promise.all([timeOf(page), timeOf(join(folder, 'report.json'))]);
    if (pageTime < reportTime) await this.#write(() => startJob('report', { folder }));
    return page;
  }

  /** @throws as {@link report}. */
  async labelIssues(id: string): Promise<LabelIssues> {
    const { folder, report } = await this.#finished(id);
    const issues = await readRunIssues(join(folder, 'label-issues.csv')).catch((error: unknown) => {
      // Runs of earlier versions, and those without an ensemble, have none.
      if (error instanceof StorageError && report.labelAudit === null) return [];
      throw error;
    });
    const source = sourceOf(report);
    const dataSet = source === null ? undefined : this.#dataSets.ofRoot(source);
    const current = await dataSet?.current(issues.map(({ path }) => path));
    return {
      dataSet: dataSet?.id ?? null,
      issues: issues.map((issue, index) => ({ ...issue, current: current?.[index] ?? null })),
    };
  }

  /** @throws as {@link report}; RequestError for fewer than two runs. */
  async compare(ids: readonly string[]): Promise<Comparison> {
    const folders = await this.#foldersOf(ids);
    const { runs, ...comparison } = await compareRuns(folders);
    return { ...comparison, runs: runs.map(({ report }, index) => ({ id: ids[index]!, report })) };
  }

  /**
   * Writes a page that compares runs.
   *
   * @param out path of the page.
   */
  async writeComparison(ids: readonly string[], out: string): Promise<void> {
    const folders = await this.#foldersOf(ids);
    await this.#write(() => startJob('compare', { folders, out }));
  }

  /** @throws as {@link report}; JobError when it cannot be written. */
  async export(id: string, request: ExportRequest): Promise<ExportedFiles> {
    const bundle = await this.bundle(id);
    return this.#write(() => startJob('export', { bundle, ...request }));
  }

  /** The bundle of a run. @throws as {@link report}. */
  async bundle(id: string): Promise<string> {
    return join((await this.#finished(id)).folder, 'bundle');
  }

  /** Stops what is being written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#writing?.stop(stopGraceMs);
    await this.#turns.ended;
  }

  #write<Name extends JobName>(start: () => Job<Name>): Promise<Jobs[Name]['result']> {
    return this.#turns.run(() => {
      if (this.#isClosed) throw new StudioError('conflict', 'The studio is stopping.');
      const job = start();
      this.#writing = job;
      return job.result;
    });
  }

  /** The run in a folder; undefined if there is none (yet). */
  async #past(id: string): Promise<PastRun | undefined> {
    const folder = runFolderOf(this.#workspace, id);
    return existsSync(join(folder, 'experiment.json')) ? describeRun(folder) : undefined;
  }

  async #readState(past: PastRun): Promise<TrainingState> {
    const isReadable = past.state === 'finished' || past.state === 'failed';
    const report = isReadable ? await this.#finished(past.name).catch(ignoreOtherVersions) : undefined;
    return readPastTraining(past, report?.report);
  }

  async #finished(id: string): Promise<{ folder: string; report: Report }> {
    const folder = await existingRunFolder(this.#workspace, id);
    return (await compareRuns([folder])).runs[0]!;
  }

  #foldersOf(ids: readonly string[]): Promise<string[]> {
    return Promise.all(ids.map((id) => existingRunFolder(this.#workspace, id)));
  }

  #dataSetOf(source: string | null): string | null {
    return source === null ? null : (this.#dataSets.ofRoot(source)?.id ?? null);
  }

  #summaryOf({ name, preset, startedAt, state, accuracy, memberCount, bytes, source }: PastRun): RunSummary {
    return {
      ...{ id: name, preset, state, accuracy, memberCount, bytes },
      startedAtMs: startedAt.getTime(),
      isOwn: this.#trainings.get(name)?.isRunning ?? false,
      dataSet: this.#dataSetOf(source),
    };
  }
}

// --- internal ---

/** How long writing may take to stop, milliseconds. */
const stopGraceMs = 5000;

/** A report of another version of Chorus cannot be read. */
function ignoreOtherVersions(error: unknown): undefined {
  if (!classifyError(error).forUser) throw error;
}

function summaryWithoutFolder({ id, state, dataSet, isRunning }: Training): RunSummary {
  return {
    ...{ id, dataSet, isOwn: isRunning, preset: state.preset?.name ?? 'auto', startedAtMs: state.startedAtMs },
    ...{ accuracy: null, memberCount: 0, bytes: 0 },
    state: isRunning ? 'running' : 'failed',
  };
}

/** The folder of the images of a run. */
function sourceOf({ experiment }: Report): string | null {
  const { source } = (experiment.data ?? {}) as { source?: unknown };
  return typeof source === 'string' ? source : null;
}

function timeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function exportsIn(folder: string): Promise<RunDetails['exports']> {
  const exportsOf = (model: '' | 'student-') =>
    exportFormats.filter((format) => {
      const [kind, encoding] = format.startsWith('bundle-') ? ['bundle', format.slice(7)] : ['export', format];
      return existsSync(join(folder, `${kind}-${model}${encoding}`));
    });
  return { ensemble: exportsOf(''), student: (await hasStudent(folder)) ? exportsOf('student-') : null };
}

const manifestSchema = z.looseObject({ student: z.unknown() });

async function hasStudent(folder: string): Promise<boolean> {
  const manifest = await readJsonFile(join(folder, 'bundle/bundle.json')).catch((error: unknown) => {
    // Only a finished run has a bundle; what is wrong with one, its export says.
    if (error instanceof StorageError) return {};
    throw error;
  });
  return manifestSchema.safeParse(manifest).data?.student !== undefined;
}
