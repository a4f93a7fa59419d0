import { fitStraightLine } from '../straight-line.ts';
import type { SoakSample } from './soak-task.ts';

/** The growth of a process's memory after its warm-up. */
export interface Growth {
  /** Resident set at the end, in bytes. */
  residentBytes: number;
  /** Slope of the line through the blocks' means, in bytes per repetition. */
  slope: number;
  /** Uncertainty of the slope in bytes: half of its 99 % interval. */
  slopeReach: number;
  /** Growth by the slope from the first sample to the last, in bytes. */
  total: number;
  /** Maximum minus minimum number of tensors. */
  tensorCountRange: number;
  /** Whether the tensor count is constant, and the slope may be zero or amounts to less than one allocation step. */
  isFlat: boolean;
}

/** The allocator's fluctuations last for hundreds of steps, so adjacent samples are correlated, but means of blocks are not. */
const blockCount = 7;
/** 0.995 quantile of Student's t for `blockCount` − 2 degrees of freedom: false alarms are rare in a dozen trials. */
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
  if (samples.length < blockCount)
    throw new Error(`expected at least ${blockCount} samples, received ${samples.length}`);
  return Array.from({ length: blockCount }, (_, block) => {
    const [start, end] = [block, block + 1].map((edge) => Math.floor((edge * samples.length) / blockCount));
    const own = samples.slice(start, end);
    const mean = (of: (sample: SoakSample) => number) => own.reduce((sum, sample) => sum + of(sample), 0) / own.length;
    return { x: mean(({ done }) => done), y: mean(({ residentBytes }) => residentBytes) };
  });
}
