/** Prepares all contestants of a case, then runs them in turn. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { rotated } from './rotation.ts';
import type { Rounds } from './rounds.ts';
import { Samples } from './samples.ts';
import { stepsPerRound } from './steps-per-round.ts';

export interface RoundsOptions {
  roundCount: number;
  /** Minimum duration of a round of the fastest contestant. */
  roundSeconds: number;
  onProgress(words: string): void;
  /** Returns the free memory of this machine in bytes; replaced only in tests. */
  availableBytes?(): number;
}

/** Rounds, and the contestants that did not fit into memory. */
export interface PairedRounds extends Rounds {
  left: Contestant[];
}

/**
 * Prepares every contestant, then runs them in turn, in a different order each round. Peak memory is measured once per
 * process, at its end.
 *
 * @param always take part regardless of memory.
 * @param others take part while there is memory for one more contestant as large as the largest so far. The first one always
 * takes part.
 * @throws Error with the name of the failed contestant and the end of its output.
 */
export async function pairedRounds(
  always: readonly Contestant[],
  others: readonly Contestant[],
  { roundCount, roundSeconds, onProgress, availableBytes = () => process.availableMemory() }: RoundsOptions,
): Promise<PairedRounds> {
  const processes: ContestantProcess[] = [];
  try {
    const prepared: Rounds['prepared'] = {};
    const least = always.length + 1;
    let left: Contestant[] = [];
    for (const [index, contestant] of [...always, ...others].entries()) {
      const largest = Math.max(0, ...processes.map((one) => one.peakMemoryBytes() ?? 0));
      if (index >= least && availableBytes() < memoryMargin * largest) {
        left = others.slice(index - always.length);
        onProgress(
          `not enough memory for ${left.map(({ name }) => name).join(', ')} together with the others: measured later`,
        );
        break;
      }
      onProgress(`preparing ${contestant.name}`);
      const started = new ContestantProcess(contestant);
      processes.push(started);
      prepared[contestant.name] = await started.prepare();
    }
    const steps = stepsPerRound(Object.values(prepared), roundSeconds);
    const samples = new Samples(Object.keys(prepared));
    for (let round = 0; round < roundCount; round += 1) {
      onProgress(`round ${round + 1} of ${roundCount}, ${steps === 1 ? 'a step' : `${steps} steps`} each`);
      for (const one of rotated(processes, round)) {
        // After other contestants' turns, caches are cold and threads sleep, as they are only once in a training run.
        await one.round(1);
        samples.addSeconds(one.contestant.name, await one.round(steps));
      }
    }
    for (const one of processes) samples.addPeakMemory(one.contestant.name, one.peakMemoryBytes());
    return { measurements: samples.measurements, prepared, left };
  } finally {
    await Promise.all(processes.map((one) => one.close()));
  }
}

// --- internal ---

/** Safety factor for the memory of one more contestant: rounds may need more memory than the preparation. */
const memoryMargin = 1.3;
