/** A lane: a worker thread, or a process of its own, that is pinned to one device and runs one task at a time. */
import type { ComputeSettings, LaneObserver, LaneResult, LaneStartup, LaneTask } from '@chorus/training';
import type { Heartbeat } from '../supervise/heartbeat.ts';
import type { LaneActivity } from '../supervise/incident.ts';
import { IsolatedLane } from './isolated-lane.ts';
import type { Isolation } from './isolation.ts';
import type { LaneHost } from './lane-host.ts';
import { LaneThread } from './lane-thread.ts';

/** One task on one lane; times in milliseconds since the epoch. */
export interface LaneWork {
  task: string;
  kind: LaneTask['kind'];
  /** When the lane received it. */
  givenAtMs: number;
  /** When the lane started it, with TensorFlow loaded. */
  startedAtMs: number;
  finishedAtMs: number;
}

export interface LaneOptions {
  /** Called when a task starts and when it has ended, after the lane's `activity` has changed. */
  onTask?: (() => void) | undefined;
  /** For a process of its own; by default, the lane is a thread. */
  isolation?: Isolation | undefined;
  /** File that the thread runs; only tests pass another one. */
  entry?: string;
}

export class Lane {
  readonly device: string;
  readonly compute: ComputeSettings;
  /** The tasks so far, including failed ones. */
  readonly work: LaneWork[] = [];
  readonly #host: LaneHost;
  readonly #onTask: () => void;
  #activity: LaneActivity;

  /** @param observer called in this thread with the events of the lane's tasks. */
  constructor(
    startup: Omit<LaneStartup, 'progress'>,
    observer: LaneObserver,
    { onTask = () => {}, isolation, entry }: LaneOptions = {},
  ) {
    this.device = startup.runtime.device;
    this.compute = startup.compute;
    this.#onTask = onTask;
    this.#activity = idle(this.device);
    const watched: LaneObserver = {
      ...observer,
      onStage: (task, stage) => {
        this.#activity = { ...this.#activity, stage, epochIndex: null, stepIndex: null };
        observer.onStage(task, stage);
      },
      onBatch: (task, batch) => {
        const { stage, epochIndex, stepIndex } = batch;
        this.#activity = { ...this.#activity, stage, epochIndex, stepIndex };
        observer.onBatch(task, batch);
      },
    };
    this.#host =
      isolation === undefined
        ? new LaneThread(startup, watched, entry)
        : new IsolatedLane(startup, watched, { isolation, activity: () => this.#activity });
  }

  /** What the lane does, for the watchdog. */
  get activity(): Heartbeat['lanes'][number] {
    const { progress, isIsolated } = this.#host;
    return { ...this.#activity, progress, isIsolated };
  }

  /**
   * Runs a task.
   *
   * @throws the task's error, with its class and stack; RuntimeError when the JavaScript heap of the lane's thread was full, or its process
   * has crashed or hung too often; an Error when the thread or process ended during the task for another reason, with any exit code.
   */
  async run<Task extends LaneTask>(task: Task): Promise<LaneResult<Task>> {
    const givenAtMs = Date.now();
    this.#activity = { ...idle(this.device), task: task.name, kind: task.kind };
    this.#onTask();
    let startedAtMs: number | undefined;
    try {
      return (await this.#host.run(task, (atMs) => {
        startedAtMs ??= atMs;
      })) as LaneResult<Task>;
    } finally {
      const finishedAtMs = Date.now();
      this.#activity = idle(this.device);
      this.#onTask();
      // If the lane ended before it started the task, no time was spent on it.
      startedAtMs ??= finishedAtMs;
      this.work.push({ task: task.name, kind: task.kind, givenAtMs, startedAtMs, finishedAtMs });
    }
  }

  /** Ends the idle lane. Call it only after every `run` has settled: TensorFlow must not be interrupted in a thread. */
  close(): Promise<void> {
    return this.#host.close();
  }
}

// --- internal ---

function idle(device: string): LaneActivity {
  return { device, task: null, kind: null, stage: null, epochIndex: null, stepIndex: null };
}
