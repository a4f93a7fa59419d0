/**
 * `shapes`: a synthetic data set, for trying Chorus without your own data and for tests.
 *
 * Classes differ in shape only: colors, size (area), position, rotation, background and noise have the same distributions in
 * all classes.
 */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, publishFolder, sha256, withLock } from '@chorus/storage';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import sharp from 'sharp';
import { randomFor } from './shuffle.ts';

/** Incremented when the drawing changes, to invalidate cached data sets. */
const drawingVersion = 3;

/** Side of the drawn images, pixels. */
const sidePixels = 96;

/** Corners of each shape around (0, 0), before scaling to an area; a disc has none. */
const forms = {
  discs: [],
  triangles: regular(3, () => 1),
  squares: regular(4, () => 1),
  stars: regular(14, (corner) => (corner % 2 === 0 ? 1 : 0.35)),
} satisfies Record<string, Point[]>;

export type ShapeForm = keyof typeof forms;

export interface ShapesOptions {
  seed: number;
  /** At least two shapes; by default discs and stars. */
  classes?: readonly ShapeForm[];
  imagesPerClass: { train: number; validation: number };
}

type Point = readonly [x: number, y: number];
type Color = readonly [red: number, green: number, blue: number];

/**
 * Draws the data set into a folder, as `train/<class>/*` and `validation/<class>/*` (PNG, 96 × 96).
 *
 * The same options give the same bytes with the same version of sharp.
 */
export async function drawShapes(folder: string, options: ShapesOptions): Promise<void> {
  const { seed, classes = ['discs', 'stars'], imagesPerClass } = options;
  const noise = noiseTile(randomFor(seed, 'noise'));
  for (const [split, count] of Object.entries(imagesPerClass))
    for (const form of classes) {
      const place = join(folder, split, form);
      await mkdir(place, { recursive: true });
      const names = Array.from({ length: count }, (_, index) => `${form}-${String(index).padStart(5, '0')}`);
      await inGroups(names, 16, async (name) => {
        const random = randomFor(seed, `${split} ${name}`);
        await writeFile(join(place, `${name}.png`), await drawShape(form, noise, random));
      });
    }
}

/**
 * Draws the data set into the user's cache unless it is already there; safe for concurrent processes.
 *
 * @returns its folder.
 */
export async function ensureShapes(options: ShapesOptions): Promise<string> {
  const id = sha256(JSON.stringify([drawingVersion, options])).slice(0, 16);
  const folder = cacheFolder('datasets', `shapes-${id}`);
  if (existsSync(folder)) return folder;
  await withLock(folder, async () => {
    if (!existsSync(folder)) await publishFolder(folder, (temporary) => drawShapes(temporary, options));
  });
  return folder;
}

// --- internal ---

async function drawShape(form: ShapeForm, noise: Int8Array, random: RandomGenerator): Promise<Buffer> {
  const between = (low: number, high: number) => low + uniformFloat64(random) * (high - low);
  const color = (): Color => [uniformInt(random, 0, 255), uniformInt(random, 0, 255), uniformInt(random, 0, 255)];
  const [from, to] = [color(), color()];
  // Draw colors until the shape contrasts with its background; the distribution is the same for all classes.
  let ink = color();
  while (difference(ink, from) < 150 || difference(ink, to) < 150) ink = color();
  // The same areas for all shapes: 8 to 20 % of the image.
  const area = between(0.08, 0.2) * sidePixels ** 2;
  const reach = Math.sqrt(area);
  const [x, y] = [between(reach, sidePixels - reach), between(reach, sidePixels - reach)];
  const angle = between(0, 2 * Math.PI);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${sidePixels}" height="${sidePixels}">
    <linearGradient id="g" gradientTransform="rotate(${between(0, 90)} 0.5 0.5)"><stop stop-color="${rgb(from)}"/><stop offset="1" stop-color="${rgb(to)}"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#g)"/>
    ${outline(form, area, [x, y], angle, rgb(ink))}</svg>`;
  const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const strength = between(0, 0.25);
  const shift = uniformInt(random, 0, noise.length - 1);
  // A Uint8ClampedArray clamps values to 0 … 255.
  const pixels = new Uint8ClampedArray(data);
  for (let index = 0; index < pixels.length; index += 1)
    pixels[index] = pixels[index]! + strength * noise[(index + shift) % noise.length]!;
  return sharp(pixels, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

function outline(form: ShapeForm, area: number, [x, y]: Point, angle: number, fill: string): string {
  const corners = forms[form];
  if (corners.length === 0) return `<circle cx="${x}" cy="${y}" r="${Math.sqrt(area / Math.PI)}" fill="${fill}"/>`;
  const scale = Math.sqrt(area / polygonArea(corners));
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const points = corners.map(([a, b]) => `${x + scale * (a * cos - b * sin)},${y + scale * (a * sin + b * cos)}`);
  return `<polygon points="${points.join(' ')}" fill="${fill}"/>`;
}

function regular(count: number, radius: (corner: number) => number): Point[] {
  return Array.from({ length: count }, (_, corner): Point => {
    const angle = (2 * Math.PI * corner) / count;
    return [radius(corner) * Math.cos(angle), radius(corner) * Math.sin(angle)];
  });
}

/** The shoelace formula. */
function polygonArea(corners: readonly Point[]): number {
  const twice = corners.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

function difference(a: Color, b: Color): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function rgb([red, green, blue]: Color): string {
  return `rgb(${red},${green},${blue})`;
}

/** Approximately normal noise (the sum of three uniforms), −128 … 127; each image uses a different offset. */
function noiseTile(random: RandomGenerator): Int8Array {
  return Int8Array.from({ length: 2 ** 17 - 1 }, () => {
    const sum = uniformFloat64(random) + uniformFloat64(random) + uniformFloat64(random);
    return Math.round((sum - 1.5) * 85);
  });
}

async function inGroups<T>(values: readonly T[], size: number, work: (value: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < values.length; start += size)
    await Promise.all(values.slice(start, start + size).map(work));
}
