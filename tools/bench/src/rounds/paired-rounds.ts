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
}

/**
 * Prepares every contestant, then lets them take turns, each round in another order. Peak memory is that of a process at its
 * end, one sample.
 *
 * @throws Error with the name of the contestant that failed, and the end of what it said.
 */
export async function pairedRounds(
  contestants: readonly Contestant[],
  { roundCount, roundSeconds, onProgress }: RoundsOptions,
): Promise<Rounds> {
  const processes: ContestantProcess[] = [];
  const samples = new Samples(contestants.map(({ name }) => name));
  try {
    const prepared: Rounds['prepared'] = {};
    for (const contestant of contestants) {
      onProgress(`preparing ${contestant.name}`);
      const started = new ContestantProcess(contestant);
      processes.push(started);
      prepared[contestant.name] = await started.prepare();
    }
    const steps = stepsPerRound(Object.values(prepared), roundSeconds);
    for (let round = 0; round < roundCount; round += 1) {
      onProgress(`round ${round + 1} of ${roundCount}, ${steps === 1 ? 'a step' : `${steps} steps`} each`);
      for (const one of rotated(processes, round)) samples.addSeconds(one.contestant.name, await one.round(steps));
    }
    for (const one of processes) samples.addPeakMemory(one.contestant.name, one.peakMemoryBytes());
    return { measurements: samples.measurements, prepared };
  } finally {
    await Promise.all(processes.map((one) => one.close()));
  }
}
