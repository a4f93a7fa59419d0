/** Divides the time left among the trainings of a run. */
import type { TrainingLimit } from '@chorus/training';

/** Estimates of a training, lane-seconds. */
export interface TimedTraining {
  seconds: number;
  stageStartSeconds: number[];
  /** Of the predictions after the last stage. */
  predictionSeconds: number;
}

export class TrainingDeadlines {
  readonly #endsAtMs: number;
  readonly #laneCount: number;
  readonly #now: () => number;
  /** The trainings that have not started. */
  readonly #waiting: Map<string, TimedTraining>;

  /**
   * @param trainings by name.
   * @param endsAtMs when the last training must have ended, milliseconds since the Unix epoch.
   */
  constructor(
    trainings: ReadonlyMap<string, TimedTraining>,
    { endsAtMs, laneCount }: { endsAtMs: number; laneCount: number },
    now: () => number = Date.now,
  ) {
    this.#waiting = new Map(trainings);
    this.#endsAtMs = endsAtMs;
    this.#laneCount = laneCount;
    this.#now = now;
  }

  /** Whether the time of all trainings is up. */
  get isOver(): boolean {
    return this.#now() >= this.#endsAtMs;
  }

  /** Removes a training that does not start, such as one that an earlier part of the run finished. */
  skip(name: string): void {
    this.#waiting.delete(name);
  }

  /**
   * Starts a training: it gets a share of the time left in proportion to its estimate, so that a training that takes too long does
   * not use up the time of those after it.
   */
  start(name: string): TrainingLimit {
    const { seconds, stageStartSeconds, predictionSeconds } = this.#waiting.get(name)!;
    const nowMs = this.#now();
    const waiting = [...this.#waiting.values()].reduce((sum, one) => sum + one.seconds, 0);
    this.#waiting.delete(name);
    const perLane = Math.max(seconds, waiting / this.#laneCount);
    const share = perLane === 0 ? 1 : seconds / perLane;
    const deadlineAtMs = nowMs + share * (this.#endsAtMs - nowMs) - 1000 * predictionSeconds;
    return { deadlineAtMs, stageStartSeconds };
  }
}
