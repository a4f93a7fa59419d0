/** Shares with their intervals, a row each. */
import { type ChartSpec, color, fitName, nameAxis, nameExpression } from '../chart.ts';
import { percent } from '../format.ts';

export interface Dot {
  name: string;
  share: number;
  interval: readonly [number, number];
  /** A color of the page. */
  color: string;
  filled: boolean;
}

/** The rows in the given order, from the top. */
export function dotsAndWhiskers(
  dots: readonly Dot[],
  { label, width, axis }: { label: string; width: number; axis: string },
): ChartSpec {
  const labelWidth = Math.round(width * 0.36);
  const rows = dots.map(({ interval: [low, high], ...dot }, index) => ({
    // Two names may look the same when they are shortened.
    ...{ ...dot, row: index, low, high, text: percent(dot.share).replace('100.0', '100') },
  }));
  const low = Math.min(...rows.map((row) => row.low));
  const high = Math.max(...rows.map((row) => row.high));
  const margin = Math.max(0.005, (high - low) * 0.06);
  const names = dots.map(({ name }) => fitName(name, labelWidth));
  const y = {
    field: 'row',
    type: 'ordinal',
    axis: {
      ...nameAxis(names, labelWidth),
      labelExpr: nameExpression(names),
      labelColor: color.ink,
    },
  };
  const x = {
    field: 'share',
    type: 'quantitative',
    scale: { domain: [Math.max(0, low - margin), Math.min(1, high + margin)], nice: false, zero: false },
    axis: { format: '.1~%', title: axis, tickCount: width > 500 ? 8 : 4 },
  };
  return {
    ...{ width, height: 26 * rows.length + 46, label },
    spec: {
      data: { values: rows },
      encoding: { y },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2, strokeCap: 'round' },
          encoding: {
            x: { ...x, field: 'low' },
            x2: { field: 'high' },
            color: { field: 'color', type: 'nominal', scale: null },
          },
        },
        {
          mark: { type: 'point', size: 70, strokeWidth: 2 },
          encoding: {
            x,
            stroke: { field: 'color', type: 'nominal', scale: null },
            fill: {
              condition: { test: 'datum.filled', field: 'color', type: 'nominal', scale: null },
              value: color.paper,
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 10, color: color.ink },
          encoding: { x: { value: { expr: 'width' } }, text: { field: 'text' } },
        },
      ],
    },
  };
}
