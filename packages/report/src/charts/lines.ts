/** Lines over a quantity. */
import { type ChartSpec, color } from '../chart.ts';

export interface LineSeries {
  /** A color of the page. */
  color: string;
  points: readonly { x: number; y: number }[];
  /** Pixels; by default 2. */
  width?: number;
  opacity?: number;
  dash?: readonly number[];
  /** Draws steps instead of slopes. */
  steps?: boolean;
}

export interface Axis {
  title: string;
  /** Format of d3; by default percent. */
  format?: string;
  domain?: readonly [number, number];
}

export interface LinesOptions {
  label: string;
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  /** Points to mark. */
  dots?: readonly { x: number; y: number; color: string; size?: number }[];
  /** Vertical intervals. */
  whiskers?: readonly { x: number; low: number; high: number; color: string }[];
  /** Vertical lines with a text each. */
  marks?: readonly { x: number; text: string }[];
}

/** Points of a line that a reader could distinguish. */
const mostPoints = 240;

export function lines(
  series: readonly LineSeries[],
  { label, width, height, x, y, dots = [], whiskers = [], marks = [] }: LinesOptions,
): ChartSpec {
  const scaleOf = ({ domain }: Axis) => ({ zero: false, nice: domain === undefined, ...(domain && { domain }) });
  const encode = (field: 'x' | 'y', axis: Axis, tickCount: number) => ({
    ...{ field, type: 'quantitative', scale: scaleOf(axis) },
    axis: { title: axis.title, format: axis.format ?? '.1~%', tickCount },
  });
  const encoding = { x: encode('x', x, 5), y: encode('y', y, 5) };
  return {
    ...{ width, height, label },
    spec: {
      layer: [
        ...series.map(({ points, color: stroke, width: strokeWidth = 2, opacity = 1, dash, steps }) => ({
          data: { values: thinned(points) },
          mark: {
            ...{ type: 'line', stroke, strokeWidth, opacity },
            ...(dash && { strokeDash: dash }),
            ...(steps && { interpolate: 'step-after' }),
          },
          encoding: { ...encoding, order: { field: 'order', type: 'quantitative' } },
        })),
        ...(marks.length === 0
          ? []
          : [
              {
                data: { values: marks },
                mark: { type: 'rule', strokeDash: [2, 3] },
                encoding: { x: encoding.x },
              },
              {
                data: { values: marks },
                mark: { type: 'text', align: 'left', dx: 4, dy: 8, color: color.muted, fontSize: 11 },
                encoding: { x: encoding.x, y: { value: 0 }, text: { field: 'text' } },
              },
            ]),
        ...(whiskers.length === 0
          ? []
          : [
              {
                data: { values: whiskers },
                mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.6 },
                encoding: {
                  x: encoding.x,
                  y: { ...encoding.y, field: 'low' },
                  y2: { field: 'high' },
                  color: { field: 'color', type: 'nominal', scale: null },
                },
              },
            ]),
        ...(dots.length === 0
          ? []
          : [
              {
                data: { values: dots.map((dot) => ({ size: 60, ...dot })) },
                mark: { type: 'point', filled: true, stroke: color.paper, strokeWidth: 1.5 },
                encoding: {
                  ...encoding,
                  fill: { field: 'color', type: 'nominal', scale: null },
                  size: { field: 'size', type: 'quantitative', scale: null },
                },
              },
            ]),
      ],
    },
  };
}

/** At most {@link mostPoints} of the points, with the first and the last. */
export function thinned<Point extends object>(points: readonly Point[]): (Point & { order: number })[] {
  const step = Math.max(1, (points.length - 1) / (mostPoints - 1));
  const count = Math.min(points.length, mostPoints);
  return Array.from({ length: count }, (_, index) => ({
    ...points[Math.min(points.length - 1, Math.round(index * step))]!,
    order: index,
  }));
}
