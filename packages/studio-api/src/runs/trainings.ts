/** The trainings that the studio has started; one runs at a time. */
import { existsSync } from 'node:fs';
import { defaultRunFolderName, describeRun } from '@chorus/orchestration';
import type { DataSets } from '../data-sets/data-sets.ts';
import { numberedName } from '../data-sets/names.ts';
import { StudioError } from '../errors.ts';
import type { TrainRequest } from '../jobs/messages.ts';
import type { StartRun } from '../protocol/runs.ts';
import { readPastTraining } from './past-training.ts';
import { existingRunFolder, runFolderOf } from './run-folder.ts';
import { settingsOf } from './settings.ts';
import { Training, type TrainingPlace } from './training.ts';

/** Ended trainings whose events are kept; the others are read from their folders. */
const keptCount = 20;

export class Trainings {
  readonly #workspace: string;
  readonly #dataSets: DataSets;
  readonly #stopOtherWork: () => Promise<void>;
  /** By id, the oldest first. */
  readonly #all = new Map<string, Training>();
  #isStarting = false;
  #isClosed = false;

  /** @param options `stopOtherWork`: ends what would compete for the processors. */
  constructor(options: { workspace: string; dataSets: DataSets; stopOtherWork: () => Promise<void> }) {
    this.#workspace = options.workspace;
    this.#dataSets = options.dataSets;
    this.#stopOtherWork = options.stopOtherWork;
  }

  get running(): Training | undefined {
    return [...this.#all.values()].find(({ isRunning }) => isRunning);
  }

  /** Whether a training runs or is about to. */
  get isBusy(): boolean {
    return this.#isStarting || this.running !== undefined;
  }

  get all(): readonly Training[] {
    return [...this.#all.values()];
  }

  /** @throws StudioError while a training runs, and when the studio is stopping. */
  requireNone(): void {
    this.#requireOpen();
    if (this.isBusy) throw new StudioError('in_progress', 'A training is running; wait for its end, or stop it.');
  }

  /**
   * Starts a training; settings that the experiment does not have end it.
   *
   * @returns its id.
   * @throws RequestError for an unknown data set; StudioError while another training runs.
   */
  start(request: StartRun): Promise<string> {
    return this.#begin(async () => {
      const dataSet = this.#dataSets.get(request.dataSet);
      const { name = dataSet.id.slice(0, 60) } = request;
      const settings = await settingsOf(dataSet, this.#workspace, request);
      const id = this.#freeId(defaultRunFolderName(name, new Date()));
      const folder = runFolderOf(this.#workspace, id);
      return { id, dataSet: dataSet.id, request: { folder, settings } };
    });
  }

  /**
   * Resumes a stopped run of the workspace.
   *
   * @throws RequestError for an unknown run; StudioError while another training runs, or for a run that has ended.
   */
  resume(id: string): Promise<string> {
    return this.#begin(async () => {
      const folder = await existingRunFolder(this.#workspace, id);
      const past = await describeRun(folder);
      if (past.state !== 'stopped')
        throw new StudioError('conflict', `The run cannot be resumed: it is ${past.state}.`);
      const dataSet = past.source === null ? undefined : this.#dataSets.ofRoot(past.source);
      const earlier = await readPastTraining(past, undefined);
      return { id, dataSet: dataSet?.id ?? null, earlier, request: { folder, settings: undefined } };
    });
  }

  get(id: string): Training | undefined {
    return this.#all.get(id);
  }

  forget(id: string): void {
    this.#all.delete(id);
  }

  /** Stops a running training and waits for its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.running?.stop();
    await Promise.all(this.all.map(({ ended }) => ended));
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new StudioError('conflict', 'The studio is stopping.');
  }

  async #begin(prepare: () => Promise<TrainingPlace & { request: TrainRequest }>): Promise<string> {
    this.requireNone();
    this.#isStarting = true;
    try {
      const { request, ...place } = await prepare();
      await this.#stopOtherWork();
      this.#requireOpen();
      this.#all.delete(place.id);
      this.#all.set(place.id, new Training(place, request));
      for (const [oldest] of this.#all) if (this.#all.size > keptCount) this.#all.delete(oldest);
      return place.id;
    } finally {
      this.#isStarting = false;
    }
  }

  #freeId(name: string): string {
    for (let number = 1; ; number += 1) {
      const id = numberedName(name, number);
      if (!this.#all.has(id) && !existsSync(runFolderOf(this.#workspace, id))) return id;
    }
  }
}
