/** y = intercept + slope × x, and the deviation of the points. */
export interface StraightLine {
  intercept: number;
  slope: number;
  /** The largest deviation of a point, relative to the line's value. */
  largestResidual: number;
}

/**
 * Fits a line by least squares.
 *
 * @param points with at least two different x.
 */
export function fitStraightLine(points: readonly { x: number; y: number }[]): StraightLine {
  const mean = (of: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const slope = mean(({ x, y }) => (x - meanX) * (y - meanY)) / mean(({ x }) => (x - meanX) ** 2);
  const intercept = meanY - slope * meanX;
  const residuals = points.map(({ x, y }) => Math.abs(y / (intercept + slope * x) - 1));
  return { intercept, slope, largestResidual: Math.max(...residuals) };
}
