/** Contestants of one case: all prepared, then in turn. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import type { Prepared } from '../contestants/protocol.ts';
import type { Measurement } from '../row.ts';
import { rotated } from './rotation.ts';
import { stepsPerRound } from './steps-per-round.ts';

export interface RoundsOptions {
  roundCount: number;
  /** What a round takes the fastest contestant, at least. */
  roundSeconds: number;
  onProgress(words: string): void;
}

/** What came of a case. */
export interface Rounds {
  /** A contestant's quantities, one behind the other, contestants in their order; peak memory last, one sample. */
  measurements: Measurement[];
  /** By the contestants' names. */
  prepared: Record<string, Prepared>;
}

/** Quantity of the measurement of a process's peak memory. */
export const peakMemory = 'peak memory';

/**
 * Prepares every contestant, then lets them take turns, each round in another order.
 *
 * @throws Error with the name of the contestant that failed, and the end of what it said.
 */
export async function pairedRounds(
  contestants: readonly Contestant[],
  { roundCount, roundSeconds, onProgress }: RoundsOptions,
): Promise<Rounds> {
  const processes: ContestantProcess[] = [];
  try {
    const prepared: Record<string, Prepared> = {};
    for (const contestant of contestants) {
      onProgress(`preparing ${contestant.name}`);
      const started = new ContestantProcess(contestant);
      processes.push(started);
      prepared[contestant.name] = await started.prepare();
    }
    const steps = stepsPerRound(Object.values(prepared), roundSeconds);
    const samples = new Map<ContestantProcess, Map<string, number[]>>(processes.map((one) => [one, new Map()]));
    for (let round = 0; round < roundCount; round += 1) {
      onProgress(`round ${round + 1} of ${roundCount}, ${steps === 1 ? 'a step' : `${steps} steps`} each`);
      for (const one of rotated(processes, round))
        for (const [quantity, seconds] of Object.entries(await one.round(steps))) {
          const known = samples.get(one)!;
          known.set(quantity, [...(known.get(quantity) ?? []), seconds]);
        }
    }
    return { measurements: processes.flatMap((one) => measurementsOf(one, samples.get(one)!)), prepared };
  } finally {
    await Promise.all(processes.map((one) => one.close()));
  }
}

/** A contestant's measurement of a quantity. */
export function measurementOf({ measurements }: Rounds, contestant: string, quantity: string): Measurement {
  const found = measurements.find((one) => one.contestant === contestant && one.quantity === quantity);
  if (found === undefined) throw new Error(`nothing was measured of ${contestant} called ${quantity}`);
  return found;
}

// --- internal ---

function measurementsOf(one: ContestantProcess, samples: ReadonlyMap<string, number[]>): Measurement[] {
  const { name } = one.contestant;
  const bytes = one.peakMemoryBytes();
  return [
    ...Array.from(samples, ([quantity, seconds]): Measurement => {
      return { contestant: name, quantity, unit: 's', samples: seconds };
    }),
    ...(bytes === undefined
      ? []
      : [{ contestant: name, quantity: peakMemory, unit: 'MB' as const, samples: [bytes / 1e6] }]),
  ];
}
