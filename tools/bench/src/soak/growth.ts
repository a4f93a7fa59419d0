import { fitStraightLine } from '../straight-line.ts';
import type { SoakSample } from './soak-task.ts';

/** How a process's memory went, after its warm-up. */
export interface Growth {
  /** At the end, bytes. */
  residentBytes: number;
  /** Of the straight line through the looks, bytes each time. */
  slope: number;
  /** What that makes from the first look to the last, bytes. */
  total: number;
  /** Twice the standard deviation of the looks around the line, bytes: they move by that without growing. */
  noise: number;
  /** Tensors more or fewer than at the first look, at most. */
  tensorCountRange: number;
  isFlat: boolean;
}

/** Less than the allocator takes and gives back at a time. */
const floorBytes = 2 ** 20;

/**
 * @param samples after the warm-up, at least three.
 */
export function growthOf(samples: readonly SoakSample[]): Growth {
  const points = samples.map(({ done, residentBytes }) => ({ x: done, y: residentBytes }));
  const { intercept, slope } = fitStraightLine(points);
  const squares = points.reduce((sum, { x, y }) => sum + (y - intercept - slope * x) ** 2, 0);
  const noise = 2 * Math.sqrt(squares / (points.length - 2));
  const total = slope * (points.at(-1)!.x - points[0]!.x);
  const counts = samples.map(({ tensorCount }) => tensorCount);
  const tensorCountRange = Math.max(...counts) - Math.min(...counts);
  return {
    residentBytes: points.at(-1)!.y,
    ...{ slope, total, noise, tensorCountRange },
    isFlat: total <= Math.max(noise, floorBytes) && tensorCountRange === 0,
  };
}
