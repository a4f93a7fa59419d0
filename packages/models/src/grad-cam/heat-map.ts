/** Evidence maps of several models as one heat map for display. */

/** Numbers on a grid over an image, row by row. */
export interface GridMap {
  height: number;
  width: number;
  values: Float32Array;
}

/**
 * Adds up evidence maps of an image, from models whose maps differ in size.
 *
 * The values of a model's map sum up to its contribution to the score. Larger grids divide it among more values, so each map is
 * multiplied by its number of cells before it is resized.
 *
 * @param maps at least one.
 * @returns a map on the largest grid.
 */
export function sumOfMaps(maps: readonly GridMap[]): GridMap {
  const height = Math.max(...maps.map((map) => map.height));
  const width = Math.max(...maps.map((map) => map.width));
  const sum = new Float32Array(height * width);
  for (const map of maps) {
    const cellCount = map.height * map.width;
    for (const [index, value] of resizeMap(map, height, width).entries()) sum[index]! += value * cellCount;
  }
  return { height, width, values: sum };
}

/**
 * Cuts off evidence against the class and scales the rest, so that the largest value is 1. A map without positive values becomes
 * zero.
 */
export function toHeatMap({ height, width, values }: GridMap): GridMap {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  return { height, width, values: values.map((value) => (largest > 0 ? Math.max(0, value) / largest : 0)) };
}

/** Resizes a map by bilinear interpolation between the centers of its cells; row by row. */
export function resizeMap(map: GridMap, height: number, width: number): Float32Array {
  if (map.height === height && map.width === width) return map.values;
  const rows = places(map.height, height);
  const columns = places(map.width, width);
  const at = (row: number, column: number) => map.values[row * map.width + column]!;
  return Float32Array.from({ length: height * width }, (_, index) => {
    const [y, x] = [rows[Math.floor(index / width)]!, columns[index % width]!];
    const between = (row: number) => at(row, x.first) * (1 - x.share) + at(row, x.second) * x.share;
    return between(y.first) * (1 - y.share) + between(y.second) * y.share;
  });
}

// --- internal ---

/** For each position of a resized side, the two positions to interpolate between and the share of the second. */
function places(from: number, to: number): { first: number; second: number; share: number }[] {
  return Array.from({ length: to }, (_, index) => {
    const center = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const first = Math.floor(center);
    return { first, second: Math.min(from - 1, first + 1), share: center - first };
  });
}
