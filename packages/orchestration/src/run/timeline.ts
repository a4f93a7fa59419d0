/** The wall time of a run, lane by lane: the tasks of each lane, and the phases it waited in. */

import type { LaneWork } from '../lanes/lane.ts';

/** A phase of a run, which is the same for all lanes. */
export interface Phase {
  /** What a lane without a task waits for. */
  waitingFor: string;
  startedAtMs: number;
  finishedAtMs: number;
}

export interface LaneTimes {
  device: string;
  busySeconds: number;
  /** In the order of their starts; tasks of one name and kind, such as the shards of a member's features, count as one. */
  tasks: { task: string; kind: LaneWork['kind']; seconds: number }[];
  /** In the order of the phases; together with `busySeconds` they add up to the run's time. */
  waits: { for: string; seconds: number }[];
  /** When the lane worked, in chronological order, since the start of the run. */
  spans: { task: string; kind: LaneWork['kind']; fromSeconds: number; toSeconds: number }[];
}

/** The phases of a run so far; each starts when the one before it ends. */
export class Timeline {
  readonly phases: Phase[] = [];
  #startedAtMs: number;
  readonly #now: () => number;

  /** @param now milliseconds since the epoch. */
  constructor(startedAtMs: number, now: () => number = Date.now) {
    this.#startedAtMs = startedAtMs;
    this.#now = now;
  }

  /** Ends the current phase. */
  end(waitingFor: string): void {
    const finishedAtMs = this.#now();
    this.phases.push({ waitingFor, startedAtMs: this.#startedAtMs, finishedAtMs });
    this.#startedAtMs = finishedAtMs;
  }

  /** From the start to the end of the last phase. */
  get seconds(): number {
    const [first] = this.phases;
    return first === undefined ? 0 : (this.phases.at(-1)!.finishedAtMs - first.startedAtMs) / 1000;
  }
}

/** @param work the lane's tasks in chronological order, without overlaps. */
export function laneTimes(device: string, work: readonly LaneWork[], phases: readonly Phase[]): LaneTimes {
  const waits = phases.map((phase) => {
    const takenMs = total(work.map((one) => overlapMs({ ...one, startedAtMs: one.givenAtMs }, phase)));
    return { for: phase.waitingFor, seconds: (phase.finishedAtMs - phase.startedAtMs - takenMs) / 1000 };
  });
  const runStartMs = phases[0]?.startedAtMs ?? 0;
  const startingMs = total(work.map(({ givenAtMs, startedAtMs }) => startedAtMs - givenAtMs));
  return {
    device,
    busySeconds: total(work.map(({ startedAtMs, finishedAtMs }) => finishedAtMs - startedAtMs)) / 1000,
    tasks: mergedTasks(work),
    waits: [...waits, { for: 'starting its thread and TensorFlow', seconds: startingMs / 1000 }],
    spans: work.map(({ task, kind, startedAtMs, finishedAtMs }) => ({
      ...{ task, kind },
      fromSeconds: Math.max(0, startedAtMs - runStartMs) / 1000,
      toSeconds: Math.max(0, finishedAtMs - runStartMs) / 1000,
    })),
  };
}

/**
 * The share of a phase in which lanes worked, of all lanes' time together.
 *
 * @returns 0 … 1, or null for a phase without duration.
 */
export function busyShare(lanes: readonly { work: readonly LaneWork[] }[], phase: Phase): number | null {
  const phaseMs = phase.finishedAtMs - phase.startedAtMs;
  if (phaseMs <= 0 || lanes.length === 0) return null;
  return total(lanes.flatMap(({ work }) => work.map((one) => overlapMs(one, phase)))) / (lanes.length * phaseMs);
}

// --- internal ---

function mergedTasks(work: readonly LaneWork[]): LaneTimes['tasks'] {
  const merged = new Map<string, LaneTimes['tasks'][number]>();
  for (const { task, kind, startedAtMs, finishedAtMs } of work) {
    const key = `${kind} ${task}`;
    const seconds = (finishedAtMs - startedAtMs) / 1000 + (merged.get(key)?.seconds ?? 0);
    merged.set(key, { task, kind, seconds });
  }
  return [...merged.values()];
}

interface Span {
  startedAtMs: number;
  finishedAtMs: number;
}

function overlapMs(a: Span, b: Span): number {
  return Math.max(0, Math.min(a.finishedAtMs, b.finishedAtMs) - Math.max(a.startedAtMs, b.startedAtMs));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
