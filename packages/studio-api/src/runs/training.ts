/** A training in a child process: its state, and those who watch it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeIncident } from '@chorus/orchestration/supervisor';
import { StudioError } from '../errors.ts';
import { type Job, type JobError, startJob } from '../jobs/job.ts';
import type { TrainRequest } from '../jobs/messages.ts';
import type { TrainingEnd, TrainingEvent } from '../protocol/training-events.ts';
import { applyEvent, initialTrainingState, type TrainingState } from '../protocol/training-state.ts';

/** How long a batch may take after a stop was requested, milliseconds. */
const stopGraceMs = 60_000;

export interface TrainingPlace {
  id: string;
  dataSet: string | null;
  earlier?: TrainingState;
}

export class Training {
  readonly id: string;
  readonly folder: string;
  readonly dataSet: string | null;
  /** Resolves when its process has ended. */
  readonly ended: Promise<void>;
  #state: TrainingState;
  readonly #job: Job<'train'>;
  readonly #watchers = new Set<(event: TrainingEvent) => void>();

  /**
   * Starts it.
   *
   * @param place `dataSet`: the id of its images, if the studio has them; `earlier`: the state of a run that is resumed.
   */
  constructor(place: TrainingPlace, request: TrainRequest) {
    this.id = place.id;
    this.dataSet = place.dataSet;
    this.folder = request.folder;
    this.#state = initialTrainingState(Date.now(), place.earlier);
    this.#job = startJob('train', request, {
      onEvent: (event) => this.#take(event),
      onIncident: (incident, { isRestarted }) => {
        const next = isRestarted ? 'The run is started again' : 'The run is not started again';
        this.#take({ kind: 'notice', atMs: incident.atMs, text: `${next}: ${describeIncident(incident)}.` });
      },
      onNotice: (text) => this.#take({ kind: 'notice', atMs: Date.now(), text }),
    });
    this.ended = this.#job.result
      .then(
        (result): TrainingEnd => ({ outcome: 'finished', ...result }),
        (error: unknown) => endOf(error as JobError, this.folder),
      )
      .then((end) => this.#take({ kind: 'end', atMs: Date.now(), end }));
  }

  get state(): TrainingState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state.end === null;
  }

  /** Of its process, for tests. */
  get pid(): number | undefined {
    return this.#job.pid;
  }

  /**
   * Calls a watcher with all later events; the state has the earlier ones.
   *
   * @returns a function that ends it.
   */
  watch(watcher: (event: TrainingEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** @throws StudioError when it has ended. */
  stop(): void {
    if (!this.isRunning) throw new StudioError('conflict', 'The run has ended.');
    if (this.#state.status !== 'stopping') this.#take({ kind: 'stopping', atMs: Date.now() });
    this.#job.stop(stopGraceMs);
  }

  #take(event: TrainingEvent): void {
    this.#state = applyEvent(this.#state, event);
    for (const watcher of this.#watchers) watcher(event);
  }
}

// --- internal ---

function endOf({ failure: { message, bug, isStopped, ...failure } }: JobError, folder: string): TrainingEnd {
  // It is written once the images are read; before that, there is nothing to continue from.
  const canResume = failure.canResume && existsSync(join(folder, 'experiment.json'));
  return isStopped ? { outcome: 'stopped', message, canResume } : { outcome: 'failed', message, bug, canResume };
}
