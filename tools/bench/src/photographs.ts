/** Synthetic JPEGs that are as expensive to decode as those of a camera. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomImages } from './images.ts';

export interface PhotographOptions {
  count: number;
  width: number;
  height: number;
  seed: number;
}

/**
 * Draws photographs: noise in octaves, weaker at finer scales, as in natural images; as JPEGs of quality 90, they take 0.2
 * bytes per pixel, as those of cameras do.
 *
 * @returns the files' paths.
 */
export async function drawPhotographs(folder: string, options: PhotographOptions): Promise<string[]> {
  const { count, seed } = options;
  await mkdir(folder, { recursive: true });
  const paths = Array.from({ length: count }, (_, index) => join(folder, `${String(index).padStart(4, '0')}.jpg`));
  for (const [index, path] of paths.entries()) await drawPhotograph(path, { ...options, seed: seed + index });
  return paths;
}

// --- internal ---

interface Octave {
  /** Pixels between values. */
  span: number;
  /** Amplitude around gray, 0 to 1. */
  strength: number;
}

const octaves: readonly Octave[] = [
  { span: 256, strength: 1 },
  { span: 64, strength: 0.7 },
  { span: 16, strength: 0.4 },
  { span: 4, strength: 0.2 },
  { span: 1, strength: 0.08 },
];

async function drawPhotograph(path: string, { width, height, seed }: PhotographOptions): Promise<void> {
  const layers = await Promise.all(
    octaves.map(({ span, strength }) => drawOctave({ width, height, seed: 16 * seed + span, span, strength })),
  );
  const raw = { width, height, channels: 3 as const };
  const [coarsest, ...finer] = layers;
  await sharp(coarsest, { raw })
    .composite(finer.map((input) => ({ input, raw, blend: 'overlay' as const })))
    .jpeg({ quality: 90 })
    .toFile(path);
}

/** [height, width, 3] */
async function drawOctave({
  width,
  height,
  seed,
  span,
  strength,
}: Omit<PhotographOptions, 'count'> & Octave): Promise<Buffer> {
  const [columns, rows] = [Math.ceil(width / span) + 1, Math.ceil(height / span) + 1];
  const side = Math.ceil(Math.sqrt(columns * rows));
  const noise = randomImages(seed, 1, side).subarray(0, columns * rows * 3);
  return sharp(noise, { raw: { width: columns, height: rows, channels: 3 } })
    .linear(strength, 128 * (1 - strength))
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
}
