/** The messages between a lane process and the process that has started it. */
import type { LaneObserver, LaneResult, LaneStartup, LaneTask, Outcome } from '@chorus/training';

/** A part of a file to map. */
export interface SharedPlace {
  path: string;
  byteLength: number;
}

export type ToLaneProcess =
  /** Sent first. */
  | { kind: 'start'; startup: Pick<LaneStartup, 'runtime' | 'compute'>; stop: SharedPlace; progress: SharedPlace }
  /** A {@link LaneTask} by `withFiles`. */
  | { kind: 'task'; task: unknown };

export type FromLaneProcess =
  /** The task has started. */
  | { kind: 'started'; atMs: number }
  /** `heapShare`: size of the JavaScript heap, as a share of its limit. */
  | { kind: 'event'; name: keyof LaneObserver; values: unknown[]; heapShare: number }
  /** Sent last. */
  | { kind: 'outcome'; outcome: Outcome<LaneResult<LaneTask> | null> };
