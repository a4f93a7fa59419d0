/** Work of lanes over time. */
import { type ChartSpec, color, fitName, nameAxis, nameExpression } from '../chart.ts';

export interface Work {
  lane: string;
  /** Seconds since the start of the run. */
  from: number;
  to: number;
  color: string;
  opacity: number;
}

export interface GanttPhase {
  name: string;
  from: number;
  to: number;
}

/** A row of phases, then a row per lane. */
export function gantt(
  work: readonly Work[],
  {
    lanes,
    phases,
    label,
    width,
  }: { lanes: readonly string[]; phases: readonly GanttPhase[]; label: string; width: number },
): ChartSpec {
  const labelWidth = Math.round(width * 0.22);
  const end = Math.max(...phases.map(({ to }) => to));
  const plot = width - labelWidth - 20;
  const unit =
    end > 3 * 3600
      ? { seconds: 3600, title: 'hours' }
      : end > 180
        ? { seconds: 60, title: 'minutes' }
        : { seconds: 1, title: 'seconds' };
  const names = ['', ...lanes.map((lane) => fitName(lane, labelWidth))];
  const scaled = ({ from, to }: { from: number; to: number }) => ({ from: from / unit.seconds, to: to / unit.seconds });
  const bands = phases.map((phase, index) => ({
    ...{ ...phase, ...scaled(phase), row: 0, shade: index % 2 === 0 ? 0.12 : 0.22 },
    // A text that does not fit would cover its neighbor.
    text: ((phase.to - phase.from) / end) * plot > 7 * phase.name.length ? phase.name : '',
  }));
  const tracks = lanes.map((_, index) => ({ row: index + 1, from: 0, to: end / unit.seconds }));
  const spans = work.map((span) => ({ ...span, ...scaled(span), row: lanes.indexOf(span.lane) + 1 }));
  const x = {
    ...{ field: 'from', type: 'quantitative', scale: { domain: [0, end / unit.seconds], nice: false } },
    axis: { title: `${unit.title} since the start of the run`, tickCount: width > 500 ? 10 : 5 },
  };
  const span = {
    x,
    x2: { field: 'to' },
    y: {
      ...{ field: 'row', type: 'ordinal', scale: { paddingInner: 0.25, domain: names.map((_, index) => index) } },
      axis: {
        ...nameAxis(names, labelWidth),
        labelExpr: nameExpression(names),
        labelColor: color.ink,
      },
    },
  };
  return {
    ...{ width, height: 34 * names.length + 50, label },
    spec: {
      layer: [
        {
          data: { values: bands },
          mark: { type: 'rect', fill: color.ink },
          encoding: { ...span, fillOpacity: { field: 'shade', type: 'quantitative', scale: null } },
        },
        {
          data: { values: bands.map((band) => ({ ...band, from: (band.from + band.to) / 2 })) },
          mark: { type: 'text', fontSize: 11 },
          encoding: { x, y: span.y, text: { field: 'text' } },
        },
        { data: { values: tracks }, mark: { type: 'rect', fill: color.line, fillOpacity: 0.6 }, encoding: span },
        {
          data: { values: spans },
          mark: { type: 'rect', stroke: color.paper, strokeWidth: 0.6 },
          encoding: {
            ...span,
            fill: { field: 'color', type: 'nominal', scale: null },
            fillOpacity: { field: 'opacity', type: 'quantitative', scale: null },
          },
        },
      ],
    },
  };
}
