/** Runs contestants whose rounds are whole procedures, each in a new process and never concurrently. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { rotated } from './rotation.ts';
import type { Rounds } from './rounds.ts';
import { Samples } from './samples.ts';

/**
 * Runs the contestants in alternating order; peak memory has one sample per round.
 *
 * @throws Error with the name of the failed contestant and the end of its output.
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
