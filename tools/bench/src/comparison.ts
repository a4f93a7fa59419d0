/** Ratios of what two contestants took in the same rounds, and whether a goal holds. */
import type { Measurement } from './measurement.ts';
import { summarise } from './statistics.ts';

/** A bound for the median ratio. */
export interface Goal {
  bound: 'at least' | 'at most';
  ratio: number;
  /** Wished for beyond the goal. */
  stretch?: true;
}

/**
 * What the ratio says of the first contestant:
 * - `speed`: how many times as fast as its peer it is.
 * - `time`, `memory`: how many times its peer's it takes.
 */
export type ComparisonKind = 'speed' | 'time' | 'memory';

export interface Comparison {
  kind: ComparisonKind;
  /** What of the contestant's is compared. */
  quantity: string;
  contestant: string;
  peer: string;
  /** A ratio a round. */
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

/** Whether the median ratio is within a goal's bound and, if it is not, by what share of the bound it misses. */
export function verdict({ bound, ratio }: Goal, ratios: readonly number[]): { holds: boolean; missedBy: number } {
  const { median } = summarise(ratios);
  const excess = bound === 'at least' ? 1 - median / ratio : median / ratio - 1;
  return { holds: excess <= 0, missedBy: Math.max(0, excess) };
}
