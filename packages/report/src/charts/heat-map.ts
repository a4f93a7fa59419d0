/** A square of numbers, darker for larger shares. */
import { type ChartSpec, color, fitName, nameAxis, nameExpression } from '../chart.ts';

export interface HeatMapOptions {
  label: string;
  /** Names of the rows and columns, in this order. */
  names: readonly string[];
  /** Titles of the rows and columns. */
  rows: string;
  columns: string;
  width: number;
}

/** @param cells one per row and column; `share` from 0 to 1 is its darkness. */
export function heatMap(
  cells: readonly { row: number; column: number; share: number; text: string }[],
  { label, names, rows, columns, width }: HeatMapOptions,
): ChartSpec {
  const labelWidth = Math.round(Math.min(150, width * 0.3));
  const shown = names.map((name) => fitName(name, labelWidth));
  const plot = width - labelWidth - 24;
  const isTight = plot / names.length < 7 * Math.max(...shown.map((name) => name.length));
  const axis = { ...nameAxis(shown, labelWidth), labelExpr: nameExpression(shown), labelColor: color.ink };
  return {
    ...{ width, label },
    height: Math.min(plot, 96 * names.length) + (isTight ? labelWidth : 24) + 24,
    spec: {
      data: { values: cells },
      encoding: {
        y: {
          field: 'row',
          type: 'ordinal',
          axis: { ...axis, title: rows, titlePadding: 4 },
          scale: { paddingInner: 0.04 },
        },
        x: {
          field: 'column',
          type: 'ordinal',
          scale: { paddingInner: 0.04 },
          axis: {
            ...{ ticks: false, domain: false, labelLimit: 0, orient: 'top', title: columns, labelColor: color.ink },
            ...{ labelExpr: nameExpression(shown), labelAngle: isTight ? -90 : 0 },
          },
        },
      },
      layer: [
        { mark: { type: 'rect', fill: color.line, fillOpacity: 0.5, cornerRadius: 3 } },
        {
          mark: { type: 'rect', fill: color.accent, cornerRadius: 3 },
          encoding: {
            fillOpacity: {
              field: 'share',
              type: 'quantitative',
              scale: { domain: [0, 1], range: [0, 1] },
            },
          },
        },
        {
          mark: { type: 'text', fontSize: plot / names.length < 34 ? 10 : 13 },
          encoding: {
            text: { field: 'text' },
            color: { condition: { test: 'datum.share > 0.55', value: color.paper }, value: color.ink },
          },
        },
      ],
    },
  };
}
