import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import type { ExperimentInput } from '@chorus/orchestration';
import { trainingRun } from '../contestants/training-run.ts';
import type { Measurement } from '../measurement.ts';
import { freshTurns } from '../rounds/fresh-turns.ts';
import { measurementOf } from '../rounds/rounds.ts';
import { peakMemory } from '../rounds/samples.ts';
import type { CaseResult, Row, RowOptions } from '../row.ts';
import { summarise } from '../statistics.ts';

const mostLanes = 3;
const inputSize = 224;

const members = Array.from({ length: mostLanes }, (_, index) => ({
  name: `mobilenet-${index + 1}`,
  backbone: 'mobilenet' as const,
  alpha: 0.25,
})) satisfies ExperimentInput['members'];

interface Sizes {
  few: number;
  /** A multiple of the few; members train more epochs on the few, so that the number of steps is equal. */
  many: number;
  laneCounts: readonly number[];
}

const whole: Sizes = { few: 200, many: 2000, laneCounts: [1, 2, mostLanes] };
const quick: Sizes = { few: 80, many: 400, laneCounts: [1, 2] };

export const laneMemory: Row = {
  name: 'lane-memory',
  title: 'peak memory that a second and a third lane add, on few images and on many',
  roundCount: { whole: 3, quick: 1 },
  minutes: { whole: 5, quick: 1 },
  async *measure(options) {
    if (process.platform !== 'linux')
      throw new Error('Expected Linux, because other systems do not report the peak memory of a process.');
    const sizes = options.quick ? quick : whole;
    options.onProgress('drawing shapes');
    await drawShapes(options.folder, { seed: 1, imagesPerClass: { train: sizes.many / 2, validation: 1 } });
    const source = join(options.folder, 'train');
    const few = await onLanes(sizes.few, sizes, source, options);
    yield few;
    yield withGrowth(await onLanes(sizes.many, sizes, source, options), few, sizes);
  },
};

// --- internal ---

const added = 'added by this lane';

async function onLanes(
  imageCount: number,
  { many, laneCounts }: Sizes,
  source: string,
  { roundCount, onProgress }: RowOptions,
): Promise<CaseResult> {
  const contestants = laneCounts.map((count) =>
    trainingRun(lanesName(count), {
      inputSize,
      data: { source, limitPerClass: imageCount / 2 },
      members,
      recipe: { batchSize: 8, whole: { epochCount: many / imageCount, patience: many } },
      workers: Array.from({ length: count }, (_, index) => ({ device: `cpu:${index}` })),
      // One thread each: otherwise, another lane would also add threads.
      runtime: { intraOpThreads: 1, logicalCpuDevices: mostLanes },
    }),
  );
  const title = `${imageCount} images of ${inputSize} px, ${pixelMegabytes(imageCount).toFixed(0)} MB of pixels`;
  const rounds = await freshTurns(contestants, { roundCount, onProgress: (words) => onProgress(`${title}: ${words}`) });
  const peaks = laneCounts.map((count) => measurementOf(rounds, lanesName(count), peakMemory));
  return {
    title,
    contestants: rounds.prepared,
    measurements: [...peaks, ...peaks.slice(1).map((peak, index) => difference(peak, peaks[index]!))],
    comparisons: [],
    remarks: [],
  };
}

/** If every lane copied the pixels, the memory that it adds would grow by the size of the pixels. */
function withGrowth(many: CaseResult, few: CaseResult, sizes: Sizes): CaseResult {
  const morePixels = pixelMegabytes(sizes.many) - pixelMegabytes(sizes.few);
  return {
    ...many,
    comparisons: sizes.laneCounts.slice(1).map((count) => {
      const [more, less] = [many, few].map((one) => measurementOf(one, lanesName(count), added));
      return {
        kind: 'memory',
        quantity: 'growth of the added memory with the pixels',
        contestant: lanesName(count),
        peer: 'a copy of the pixels',
        ratios: [(summarise(more!.samples).median - summarise(less!.samples).median) / morePixels],
        goals: [{ bound: 'at most', ratio: 0.25 }],
      };
    }),
    remarks: [
      '0 ×: a lane adds as much memory for few images as for many; 1 ×: a lane has its own copy of the pixels.',
    ],
  };
}

function difference({ contestant, samples }: Measurement, fewer: Measurement): Measurement {
  return {
    contestant,
    quantity: added,
    unit: 'MB',
    samples: samples.map((sample, round) => sample - fewer.samples[round]!),
  };
}

function lanesName(count: number): string {
  return count === 1 ? '1 lane' : `${count} lanes`;
}

function pixelMegabytes(imageCount: number): number {
  return (imageCount * inputSize ** 2 * 3) / 1e6;
}
