/** Ratios of two contestants' samples in the same rounds, and whether a goal holds. */
import type { Measurement } from './measurement.ts';
import { summarise } from './statistics.ts';

/** A bound for the median ratio. */
export interface Goal {
  bound: 'at least' | 'at most';
  ratio: number;
  /** Marks a stretch goal. */
  stretch?: true;
}

/**
 * The meaning of the ratio for the first contestant:
 * - `speed`: its speed, as a multiple of its peer's.
 * - `time`, `memory`: its time or memory, as a multiple of its peer's.
 */
export type ComparisonKind = 'speed' | 'time' | 'memory';

export interface Comparison {
  kind: ComparisonKind;
  /** The compared quantity. */
  quantity: string;
  contestant: string;
  peer: string;
  /** One ratio per round. */
  ratios: number[];
  goals: Goal[];
}

/** Pairs two contestants' samples of one quantity, round by round. */
export function compare(
  kind: ComparisonKind,
  { contestant, quantity, samples }: Measurement,
  peer: Measurement,
  goals: readonly Goal[] = [],
): Comparison {
  if (samples.length !== peer.samples.length)
    throw new Error(
      `expected as many samples of ${contestant} and ${peer.contestant}, received ${samples.length} and ${peer.samples.length}`,
    );
  const ratios = samples.map((sample, round) => sample / peer.samples[round]!);
  return {
    kind,
    quantity,
    contestant,
    peer: peer.contestant,
    ratios: kind === 'speed' ? ratios.map((ratio) => 1 / ratio) : ratios,
    goals: [...goals],
  };
}

/** Returns whether the median ratio meets a goal and, if not, by which fraction of the bound it misses. */
export function verdict({ bound, ratio }: Goal, ratios: readonly number[]): { holds: boolean; missedBy: number } {
  const { median } = summarise(ratios);
  const excess = bound === 'at least' ? 1 - median / ratio : median / ratio - 1;
  return { holds: excess <= 0, missedBy: Math.max(0, excess) };
}
