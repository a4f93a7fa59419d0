import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from '@chorus/orchestration';
import { compare } from '../comparison.ts';
import { trainingRun } from '../contestants/training-run.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { processorTime, treeMemory } from '../rounds/samples.ts';
import type { Row } from '../row.ts';

const members: ExperimentInput['members'] = [
  { name: 'first', backbone: 'mobilenet', alpha: 0.25 },
  { name: 'second', backbone: 'mobilenet', alpha: 0.25 },
];

export const isolation: Row = {
  name: 'isolation',
  title: 'two members on two lanes: threads, and processes (--isolate)',
  roundCount: { whole: 7, quick: 1 },
  minutes: { whole: 5, quick: 1 },
  async *measure({ quick, roundCount, folder, onProgress }) {
    if (process.platform !== 'linux')
      throw new Error('Expected Linux, because other systems do not report the memory that processes share.');
    const imagesPerClass = quick ? 50 : 200;
    const epochCount = quick ? 1 : 3;
    onProgress('drawing shapes');
    await drawShapes(folder, { seed: 1, imagesPerClass: { train: imagesPerClass, validation: 32 } });
    const experiment = {
      inputSize: 128,
      data: { source: folder },
      members,
      recipe: { whole: { epochCount, patience: epochCount } },
      workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }],
    } satisfies Partial<ExperimentInput>;
    const threads = trainingRun('threads', experiment);
    const processes = trainingRun('processes', { ...experiment, runtime: { isolate: true } });
    const rounds = await freshTurns([threads, processes], { roundCount, onProgress, watchesTree: true });
    const quantities = ['total', processorTime, treeMemory];
    yield {
      title: `${2 * imagesPerClass} drawn shapes, 128 px, epochs: ${epochCount}`,
      contestants: rounds.prepared,
      measurements: rounds.measurements.filter(({ quantity }) => quantities.includes(quantity)),
      comparisons: quantities.map((quantity) => {
        const of = ({ name }: { name: string }) => measurementOf(rounds, name, quantity);
        return compare(quantity === treeMemory ? 'memory' : 'time', of(processes), of(threads));
      }),
      remarks: ['Memory: of all processes together; pages that several of them share count once.'],
    };
  },
};
