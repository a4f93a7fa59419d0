import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from '@chorus/orchestration';
import type { Comparison } from '../comparison.ts';
import { trainingRun } from '../contestants/training-run.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';
import { summarise } from '../statistics.ts';
import { fitStraightLine, type StraightLine } from '../straight-line.ts';

const inputSize = 64;
const pixelBytes = inputSize ** 2 * 3;

const members: ExperimentInput['members'] = [
  { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.25 },
  { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.35 },
];

const sizes = {
  whole: { imageCounts: [500, 1000, 2000, 4000, 8000], epochCounts: [1, 2, 4, 8], imagesPerEpochs: 1000 },
  quick: { imageCounts: [200, 400, 800], epochCounts: [1, 2, 4], imagesPerEpochs: 200 },
};

export const scaling: Row = {
  name: 'scaling',
  title: `time and memory of a run with more images of ${inputSize} px, and with more epochs`,
  roundCount: { whole: 3, quick: 1 },
  minutes: { whole: 5, quick: 1 },
  async *measure(options) {
    const { imageCounts, epochCounts, imagesPerEpochs } = options.quick ? sizes.quick : sizes.whole;
    options.onProgress('drawing shapes');
    await drawShapes(options.folder, { seed: 1, imagesPerClass: { train: imageCounts.at(-1)! / 2, validation: 1 } });
    const source = join(options.folder, 'train');
    yield await growing('images', imageCounts, (count) => runOf(source, count, 1), options);
    yield await growing('epochs', epochCounts, (count) => runOf(source, imagesPerEpochs, count), options);
  },
};

// --- internal ---

function runOf(source: string, imageCount: number, epochCount: number): Partial<ExperimentInput> {
  return {
    inputSize,
    data: { source, limitPerClass: imageCount / 2 },
    members,
    recipe: { whole: { epochCount, patience: epochCount } },
  };
}

async function growing(
  what: 'images' | 'epochs',
  counts: readonly number[],
  experimentOf: (count: number) => Partial<ExperimentInput>,
  { roundCount, onProgress }: RowOptions,
): Promise<CaseResult> {
  const nameOf = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? what.slice(0, -1) : what}`;
  const contestants = counts.map((count) => trainingRun(nameOf(count), experimentOf(count)));
  const rounds = await freshTurns(contestants, { roundCount, onProgress });
  const lineOf = (quantity: string) =>
    fitStraightLine(
      counts.map((x) => ({ x, y: summarise(measurementOf(rounds, nameOf(x), quantity).samples).median })),
    );
  const time = lineOf('total');
  const memory = process.platform === 'linux' ? lineOf(peakMemory) : undefined;
  const one = what === 'images' ? 'an image' : 'an epoch';
  return {
    title: `more ${what}`,
    contestants: rounds.prepared,
    measurements: rounds.measurements.filter(({ quantity }) =>
      ['decode', 'members', 'total', peakMemory].includes(quantity),
    ),
    comparisons: [
      farthest('total', time),
      ...(memory === undefined || what === 'epochs' ? [] : [besidePixels(memory)]),
    ],
    remarks: [
      `total = ${time.intercept.toFixed(2)} s + ${(1000 * time.slope).toPrecision(3)} ms ${one}`,
      ...(memory === undefined
        ? []
        : [`peak memory = ${memory.intercept.toFixed(0)} MB + ${(1000 * memory.slope).toPrecision(3)} kB ${one}`]),
    ],
  };
}

function farthest(quantity: string, { largestResidual }: StraightLine): Comparison {
  return {
    kind: 'time',
    quantity: `${quantity}: largest deviation`,
    contestant: 'Chorus',
    peer: 'a straight line',
    ratios: [largestResidual],
    goals: [{ bound: 'at most', ratio: 0.1 }],
  };
}

function besidePixels({ slope }: StraightLine): Comparison {
  return {
    kind: 'memory',
    quantity: 'memory of an additional image',
    contestant: 'Chorus',
    peer: `its pixels (${(pixelBytes / 1000).toFixed(1)} kB)`,
    ratios: [(1e6 * slope) / pixelBytes],
    goals: [{ bound: 'at most', ratio: 1.25 }],
  };
}
