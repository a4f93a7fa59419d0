import type { Prepared } from '../contestants/protocol.ts';

/** Returns the number of steps per round, equal for all: the fastest contestant's round takes `roundSeconds`. */
export function stepsPerRound(prepared: readonly Pick<Prepared, 'stepSeconds'>[], roundSeconds: number): number {
  const fastest = Math.min(...prepared.map(({ stepSeconds }) => stepSeconds ?? roundSeconds));
  return Math.max(1, Math.ceil(roundSeconds / fastest));
}
