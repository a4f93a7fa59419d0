/**
 * Colors for numbers from 0 to 1: the color map "inferno" of matplotlib (Nathaniel Smith and Stéfan van der Walt, CC0), whose
 * lightness grows evenly, also for color-blind readers. Sampled at 17 places.
 */
const samples: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [11, 7, 36],
  [33, 12, 74],
  [60, 10, 101],
  [87, 16, 109],
  [112, 25, 110],
  [137, 34, 106],
  [163, 44, 97],
  [187, 55, 85],
  [209, 69, 69],
  [228, 89, 51],
  [241, 114, 30],
  [250, 141, 11],
  [252, 171, 16],
  [249, 202, 51],
  [242, 232, 101],
  [252, 255, 164],
];

/** Red, green and blue, 0..255, of a number from 0 to 1. */
export function heatColor(value: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, value)) * (samples.length - 1);
  const index = Math.min(samples.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2) =>
    samples[index]![channel] + (place - index) * (samples[index + 1]![channel] - samples[index]![channel]);
  return [mix(0), mix(1), mix(2)];
}
