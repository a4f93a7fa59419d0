import { availableParallelism } from 'node:os';
import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from '@chorus/orchestration';
import { compare } from '../comparison.ts';
import type { Contestant } from '../contestants/contestant-process.ts';
import { trainingRun } from '../contestants/training-run.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { Row } from '../row.ts';

const members: ExperimentInput['members'] = [
  { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.5 },
];

export const lanes: Row = {
  name: 'lanes',
  title: 'two members on two lanes with half the threads each, on one lane with all threads, and with workers "auto"',
  roundCount: { whole: 5, quick: 1 },
  minutes: { whole: 5, quick: 1 },
  async *measure({ quick, roundCount, folder, onProgress }) {
    const imagesPerClass = quick ? 50 : 200;
    onProgress('drawing shapes');
    await drawShapes(folder, { seed: 1, imagesPerClass: { train: imagesPerClass, validation: 32 } });
    const experiment = {
      inputSize: 96,
      data: { source: folder },
      members,
      recipe: { whole: { epochCount: quick ? 1 : 3, patience: 3 } },
    };
    const threads = availableParallelism();
    const half = Math.max(1, Math.floor(threads / 2));
    const auto = trainingRun('workers "auto"', experiment);
    const named: Contestant[] = [
      trainingRun(`two lanes, threads: ${half}`, {
        ...experiment,
        workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }],
        runtime: { intraOpThreads: half },
      }),
      trainingRun(`one lane, threads: ${threads}`, {
        ...experiment,
        workers: [{ device: 'cpu:0' }],
        runtime: { intraOpThreads: threads },
      }),
    ];
    const rounds = await freshTurns([auto, ...named], { roundCount, onProgress });
    const total = (contestant: Contestant) => measurementOf(rounds, contestant.name, 'total');
    yield {
      title: `${2 * imagesPerClass} drawn shapes, 96 px, epochs: ${quick ? 1 : 3}`,
      contestants: rounds.prepared,
      measurements: rounds.measurements.filter(({ quantity }) => ['members', 'total', peakMemory].includes(quantity)),
      comparisons: [
        ...named.map((one) => compare('time', total(auto), total(one), [{ bound: 'at most', ratio: 1 }])),
        compare('time', total(named[0]!), total(named[1]!)),
      ],
      remarks: [],
    };
  },
};
