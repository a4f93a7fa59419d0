/** Contestants of one case whose rounds are whole procedures: a new process each time, and no other beside it. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { rotated } from './rotation.ts';
import type { Rounds } from './rounds.ts';
import { Samples } from './samples.ts';

/**
 * Lets contestants take turns, each round in another order; peak memory has a sample a round.
 *
 * @throws Error with the name of the contestant that failed, and the end of what it said.
 */
export async function freshTurns(
  contestants: readonly Contestant[],
  { roundCount, onProgress }: { roundCount: number; onProgress(words: string): void },
): Promise<Rounds> {
  const samples = new Samples(contestants.map(({ name }) => name));
  const prepared: Rounds['prepared'] = {};
  for (let round = 0; round < roundCount; round += 1)
    for (const contestant of rotated(contestants, round)) {
      const { name } = contestant;
      onProgress(`round ${round + 1} of ${roundCount}: ${name}`);
      const started = new ContestantProcess(contestant);
      try {
        prepared[name] = await started.prepare();
        samples.addSeconds(name, await started.round(1));
        samples.addPeakMemory(name, started.peakMemoryBytes());
      } finally {
        await started.close();
      }
    }
  return { measurements: samples.measurements, prepared };
}
