/** Contestants of one case: all prepared, then in turn. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { rotated } from './rotation.ts';
import type { Rounds } from './rounds.ts';
import { Samples } from './samples.ts';
import { stepsPerRound } from './steps-per-round.ts';

export interface RoundsOptions {
  roundCount: number;
  /** What a round takes the fastest contestant, at least. */
  roundSeconds: number;
  onProgress(words: string): void;
  /** Memory that is left on this machine, bytes; another answer in tests only. */
  availableBytes?(): number;
}

/** Rounds, and who did not fit into memory beside the others. */
export interface PairedRounds extends Rounds {
  left: Contestant[];
}

/**
 * Prepares every contestant, then lets them take turns, each round in another order. Peak memory is that of a process at its
 * end, one sample.
 *
 * @param always take part, whatever memory there is.
 * @param others take part as long as there seems to be memory for one more: as much as the largest so far has taken. The first
 * one always does.
 * @throws Error with the name of the contestant that failed, and the end of what it said.
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
        onProgress(`no memory for ${left.map(({ name }) => name).join(', ')} beside the others: they come later`);
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
        // After the others' turns caches are cold and threads sleep: a training meets that once.
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

/** Of what one more may need, that there must be: rounds may take some more than the preparation did. */
const memoryMargin = 1.3;
