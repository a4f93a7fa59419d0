/** Checks of data sets; one runs at a time, and the last of each data set is kept. */
import type { StudioDataSet } from '../data-sets/data-set.ts';
import { type Job, type JobError, startJob } from '../jobs/job.ts';
import type { CheckState, StartCheck } from '../protocol/data-sets.ts';
import { settingsOf } from './settings.ts';

/** How long a check may take to stop, milliseconds. */
const stopGraceMs = 10_000;

/** A state, and the revision of the data set that it is about. */
interface Checked {
  state: CheckState;
  revision: number;
}

export class Checks {
  readonly #workspace: string;
  readonly #requireIdle: () => void;
  readonly #last = new Map<string, Checked>();
  #running: { dataSet: string; job: Job<'check'>; ended: Promise<void> } | undefined;

  /** @param requireIdle throws while a training runs, which would disturb a check's measurements. */
  constructor(workspace: string, requireIdle: () => void) {
    this.#workspace = workspace;
    this.#requireIdle = requireIdle;
  }

  /** The id of the data set that is checked now. */
  get running(): string | undefined {
    return this.#running?.dataSet;
  }

  stateOf(dataSet: StudioDataSet): CheckState {
    const { state, revision } = this.#last.get(dataSet.id) ?? { state: { status: 'none' } as const, revision: 0 };
    return state.status === 'done' ? { ...state, isCurrent: revision === dataSet.revision } : state;
  }

  /**
   * Starts a check, after stopping the one that runs.
   *
   * @throws StudioError while a training runs, and when the studio is stopping.
   */
  async start(dataSet: StudioDataSet, request: StartCheck): Promise<CheckState> {
    this.#requireIdle();
    await this.stop();
    const settings = await settingsOf(dataSet, this.#workspace, request);
    // Other requests may have started something meanwhile; nothing comes between the last of these lines and the start.
    while (this.#running !== undefined) await this.stop();
    this.#requireIdle();
    const { revision } = dataSet;
    const set = (state: CheckState) => void this.#last.set(dataSet.id, { state, revision });
    set({ status: 'running', phase: 'preparing', done: 0, total: 0 });
    const job = startJob('check', settings, {
      onEvent: ({ done, total }) =>
        set({ status: 'running', phase: done < total ? 'decoding' : 'timing', done, total }),
    });
    const ended = job.result
      .then(
        (report) => set({ status: 'done', report, isCurrent: true }),
        (error: unknown) => {
          const { isStopped, message, bug } = (error as JobError).failure;
          set(isStopped ? { status: 'stopped' } : { status: 'failed', message, bug });
        },
      )
      .finally(() => {
        if (this.#running?.job === job) this.#running = undefined;
      });
    this.#running = { dataSet: dataSet.id, job, ended };
    return this.stateOf(dataSet);
  }

  /** Stops a running check and waits for its end. */
  async stop(): Promise<void> {
    const running = this.#running;
    running?.job.stop(stopGraceMs);
    await running?.ended;
  }
}
