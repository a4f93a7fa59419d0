/** Runs contestants whose rounds are whole procedures, each in a new process and never concurrently. */
import { type Contestant, ContestantProcess } from '../contestants/contestant-process.ts';
import { TreeWatch } from '../contestants/process-tree.ts';
import { rotated } from './rotation.ts';
import type { Rounds } from './rounds.ts';
import { processorTime, Samples, treeMemory } from './samples.ts';

/**
 * Runs the contestants in alternating order; peak memory has one sample per round.
 *
 * @param options `watchesTree`: whether to measure the processes that a contestant starts, too (Linux).
 * @throws Error with the name of the failed contestant and the end of its output.
 */
export async function freshTurns(
  contestants: readonly Contestant[],
  {
    roundCount,
    onProgress,
    watchesTree = false,
  }: { roundCount: number; onProgress(words: string): void; watchesTree?: boolean },
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
        const watch = watchesTree ? new TreeWatch(started.pid) : undefined;
        samples.addSeconds(name, await started.round(1));
        if (watch !== undefined) {
          const { peakBytes, processorSeconds } = watch.end();
          samples.add(name, processorTime, 's', processorSeconds);
          samples.add(name, treeMemory, 'MB', peakBytes / 1e6);
        }
        samples.addPeakMemory(name, started.peakMemoryBytes());
      } finally {
        await started.close();
      }
    }
  return { measurements: samples.measurements, prepared };
}
