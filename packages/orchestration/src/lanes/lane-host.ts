import type { LaneProgress, LaneResult, LaneTask } from '@chorus/training';

/** What runs the tasks of a lane: a thread, or a process of its own. */
export interface LaneHost {
  /** Whether it watches itself, and starts again when it hangs or crashes. */
  readonly isIsolated: boolean;
  /** Read at any time, even while the lane is inside a native call. */
  readonly progress: LaneProgress;
  /**
   * Runs one task at a time.
   *
   * @param onStart called with the time at which the task has started, in milliseconds since the Unix epoch, at the latest when it ends.
   * @throws the task's error, with its class and stack.
   */
  run(task: LaneTask, onStart: (atMs: number) => void): Promise<LaneResult<LaneTask>>;
  /** Ends it; call it while no task runs. */
  close(): Promise<void>;
}
