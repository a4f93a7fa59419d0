/** The messages of a process that trains to the one that supervises it. */
import type { LaneProgress } from '@chorus/training';
import type { LaneActivity } from './incident.ts';

/** Sent about once a second by the main thread, and whenever a lane starts or ends a task. */
export interface Heartbeat {
  kind: 'heartbeat';
  /** Seconds without progress after which the process counts as hung; 0 for never. */
  watchdogSeconds: number;
  /** Size of the main thread's JavaScript heap, as a share of its limit. */
  heapShare: number;
  lanes: (LaneActivity & { progress: LaneProgress })[];
}

/** Sent once, when the run is planned. */
export interface RunMessage {
  kind: 'run';
  /** Where the run will be. */
  folder: string;
  /** How to start a process that resumes it. */
  resume: string[];
}

export type FromSupervised = Heartbeat | RunMessage;

/** Default of `watchdogSeconds`. */
export const defaultWatchdogSeconds = 60;
