import { fitStraightLine } from '../straight-line.ts';
import type { SoakSample } from './soak-task.ts';

/** How a process's memory went, after its warm-up. */
export interface Growth {
  /** At the end, bytes. */
  residentBytes: number;
  /** Of the straight line through the blocks' means, bytes each time. */
  slope: number;
  /** How far the slope may be from the true one, bytes: half of its 99 % interval. */
  slopeReach: number;
  /** What the slope makes from the first look to the last, bytes. */
  total: number;
  /** The most tensors at a look, less the fewest. */
  tensorCountRange: number;
  /** No tensor more, and a slope that may be zero or makes less than the allocator takes at a time. */
  isFlat: boolean;
}

/** The allocator's ups and downs last for hundreds of steps: looks beside each other tell the same, means of blocks do not. */
const blockCount = 7;
/** 0.995 quantile of Student's t for `blockCount` − 2 degrees of freedom: of a dozen trials hardly one is wrong. */
const quantile = 4.032;
const floorBytes = 2 ** 20;

/** @param samples after the warm-up, at least seven. */
export function growthOf(samples: readonly SoakSample[]): Growth {
  const points = blockMeans(samples);
  const { intercept, slope } = fitStraightLine(points);
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const squares = points.reduce((sum, { x, y }) => sum + (y - intercept - slope * x) ** 2, 0);
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slopeReach = quantile * Math.sqrt(squares / (points.length - 2) / spread);
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const total = slope * (last.done - first.done);
  const counts = samples.map(({ tensorCount }) => tensorCount);
  const tensorCountRange = Math.max(...counts) - Math.min(...counts);
  return {
    residentBytes: last.residentBytes,
    ...{ slope, slopeReach, total, tensorCountRange },
    isFlat: tensorCountRange === 0 && (slope <= slopeReach || total < floorBytes),
  };
}

// --- internal ---

function blockMeans(samples: readonly SoakSample[]): { x: number; y: number }[] {
  if (samples.length < blockCount) throw new Error(`expected ${blockCount} looks or more, received ${samples.length}`);
  return Array.from({ length: blockCount }, (_, block) => {
    const [start, end] = [block, block + 1].map((edge) => Math.floor((edge * samples.length) / blockCount));
    const own = samples.slice(start, end);
    const mean = (of: (sample: SoakSample) => number) => own.reduce((sum, sample) => sum + of(sample), 0) / own.length;
    return { x: mean(({ done }) => done), y: mean(({ residentBytes }) => residentBytes) };
  });
}
