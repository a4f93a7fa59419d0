/** Decides whether a process that trains is hung. Times are in milliseconds of a monotonic clock. */
import type { LaneProgress } from '@chorus/training';
import { defaultWatchdogSeconds, type Heartbeat } from './heartbeat.ts';
import type { LaneActivity } from './incident.ts';

/** Time between two calls of `check`. */
export const checkIntervalMs = 1000;

/** A check that comes this late means that this process itself was suspended, or had no processor. */
const lateMs = 3000;

/** How many times longer building a model, compiling, reading weights, and writing a checkpoint may take than a batch. */
const preparationFactor = 20;

/** How many times longer than the median of a task's batches one of them may take. */
const medianFactor = 10;

/** How many times longer than the longest wait of a task so far, since a batch of another size is compiled again. */
const longestFactor = 3;

export interface Hang {
  /** What made no progress. */
  what: 'lane' | 'main thread';
  /** The lanes that are hung; if the main thread is, none. */
  lanes: LaneActivity[];
}

export class Watchdog {
  #beat: Heartbeat | undefined;
  #beatAtMs: number;
  #checkedAtMs: number;
  /** By lane: when its last progress was reported. */
  #progressAtMs: number[] = [];

  /** @param nowMs when the process was started. */
  constructor(nowMs: number) {
    this.#beatAtMs = nowMs;
    this.#checkedAtMs = nowMs;
  }

  get lastBeat(): Heartbeat | undefined {
    return this.#beat;
  }

  /** Call it with each heartbeat. */
  beat(heartbeat: Heartbeat, nowMs: number): void {
    const before = this.#beat?.lanes;
    this.#progressAtMs = heartbeat.lanes.map(({ task, progress }, lane) => {
      const earlier = before?.[lane];
      const isSame = earlier !== undefined && earlier.task === task && earlier.progress.count === progress.count;
      return isSame && task !== null ? this.#progressAtMs[lane]! : nowMs;
    });
    this.#beat = heartbeat;
    this.#beatAtMs = nowMs;
  }

  /** Seconds since the last reported progress of a lane. */
  secondsSinceProgress(lane: number, nowMs: number): number {
    return (nowMs - this.#progressAtMs[lane]!) / 1000;
  }

  /** Call it every {@link checkIntervalMs}. */
  check(nowMs: number): Hang | undefined {
    if (nowMs - this.#checkedAtMs > checkIntervalMs + lateMs) {
      this.#beatAtMs = nowMs;
      this.#progressAtMs.fill(nowMs);
    }
    this.#checkedAtMs = nowMs;
    const { watchdogSeconds = defaultWatchdogSeconds, lanes = [] } = this.#beat ?? {};
    if (watchdogSeconds === 0) return undefined;
    const limitMs = 1000 * watchdogSeconds;
    // Before its first heartbeat, a process loads its modules.
    const silenceLimitMs = this.#beat === undefined ? preparationFactor * limitMs : limitMs;
    if (nowMs - this.#beatAtMs > silenceLimitMs) return { what: 'main thread', lanes: [] };
    const hung = lanes.filter(
      ({ task, progress }, lane) =>
        // Up to the last heartbeat: what a lane has done since is not known.
        task !== null && this.#beatAtMs - this.#progressAtMs[lane]! > laneLimitMs(progress, limitMs),
    );
    return hung.length === 0 ? undefined : { what: 'lane', lanes: hung };
  }
}

// --- internal ---

function laneLimitMs({ isPreparing, medianMs, longestMs }: LaneProgress, limitMs: number): number {
  return Math.max(
    isPreparing ? preparationFactor * limitMs : limitMs,
    medianFactor * medianMs,
    longestFactor * longestMs,
  );
}
