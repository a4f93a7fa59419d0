/** Horizontal bars, a group per name. */
import { type ChartSpec, color, fitName, nameAxis, nameExpression } from '../chart.ts';

export interface Bar {
  name: string;
  value: number;
  color: string;
  /** The value as it is written beside the bar. */
  text: string;
}

export function bars(all: readonly Bar[], { label, width }: { label: string; width: number }): ChartSpec {
  const labelWidth = Math.round(width * 0.42);
  const names = all.map(({ name }) => fitName(name, labelWidth));
  const [low, high] = [Math.min(0, ...all.map(({ value }) => value)), Math.max(0, ...all.map(({ value }) => value))];
  const room = (high - low || 1) * 0.22;
  const x = {
    ...{ field: 'value', type: 'quantitative', axis: null },
    scale: { domain: [low, high + room], nice: false },
  };
  return {
    ...{ width, height: 24 * all.length + 8, label },
    spec: {
      data: { values: all.map((bar, index) => ({ ...bar, row: index, end: Math.max(0, bar.value) })) },
      encoding: {
        y: {
          ...{ field: 'row', type: 'ordinal', scale: { paddingInner: 0.3 } },
          axis: {
            ...nameAxis(names, labelWidth),
            labelExpr: nameExpression(names),
            labelColor: color.ink,
          },
        },
        x,
      },
      layer: [
        {
          mark: { type: 'bar', cornerRadiusEnd: 3 },
          encoding: { fill: { field: 'color', type: 'nominal', scale: null } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 6, color: color.ink },
          encoding: { x: { ...x, field: 'end' }, text: { field: 'text' } },
        },
      ],
    },
  };
}
