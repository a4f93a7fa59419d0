/** Summarizes formats and sizes of images. */
import type { Dataset } from '../run/dataset.ts';
import type { ImageSizes } from './image-sizes-schema.ts';

/** Of the usable images; null if there are none. */
export function imageSizes({ info }: Pick<Dataset, 'info'>, inputSize: number): ImageSizes | null {
  const dimensions = dimensionsOf({ info }, inputSize);
  if (dimensions === null) return null;
  return { formats: formatsOf({ info }), dimensions, shorterSides: shorterSidesOf({ info }) };
}

/** The most frequent format first. */
export function formatsOf({ info }: Pick<Dataset, 'info'>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of info) if (one !== null) counts.set(one.format, (counts.get(one.format) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}

/**
 * @param inputSize the members' largest input size, in pixels.
 * @returns null without a usable image.
 */
export function dimensionsOf({ info }: Pick<Dataset, 'info'>, inputSize: number): ImageSizes['dimensions'] | null {
  const usable = info.filter((one) => one !== null).toSorted((a, b) => a.width * a.height - b.width * b.height);
  if (usable.length === 0) return null;
  const at = (position: number): [number, number] => [usable[position]!.width, usable[position]!.height];
  const sides = usable.map(({ width, height }) => ({
    shorter: Math.min(width, height),
    longer: Math.max(width, height),
  }));
  return {
    smallest: at(0),
    median: at(Math.floor((usable.length - 1) / 2)),
    largest: at(usable.length - 1),
    belowInputSize: sides.filter(({ shorter }) => shorter < inputSize).length,
    elongated: sides.filter(({ shorter, longer }) => longer > elongatedRatio * shorter).length,
  };
}

// --- internal ---

/** Ratio of the longer to the shorter side above which resizing an image to a square distorts it beyond recognition. */
const elongatedRatio = 3;

/** Steps between the smallest and the largest shorter side, without gaps. */
function shorterSidesOf({ info }: Pick<Dataset, 'info'>): ImageSizes['shorterSides'] {
  const counts = new Map<number, number>();
  for (const one of info) {
    if (one === null) continue;
    const step = stepOf(Math.min(one.width, one.height));
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const step = first + index;
    return { from: startOf(step), to: startOf(step + 1) - 1, count: counts.get(step) ?? 0 };
  });
}

/** The first side of a step, in pixels: 1, 2, 3, 4, 6, 8, 11, 16 … */
function startOf(step: number): number {
  return step <= 2 ? step + 1 : Math.round(2 ** (step / 2 + 0.5));
}

function stepOf(side: number): number {
  let step = 0;
  while (startOf(step + 1) <= side) step += 1;
  return step;
}
