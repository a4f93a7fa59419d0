/** Draws sweeps over learning rates as an SVG: loss by learning rate, one panel per sweep. */
import { smoothed } from '@chorus/training';
import { fixed, svgText } from '../svg.ts';
import type { FoundRate } from './find-rates.ts';
import { rateText } from './rate-text.ts';

/** Losses as dots, their smoothed values as a line, and vertical lines at the suggested rates and the one of the plan. */
export function drawRates(found: readonly FoundRate[]): string {
  const height = found.length * panel.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panel.width} ${height}" width="${panel.width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<rect width="${panel.width}" height="${height}" fill="#fff"/>`,
    ...found.map((one, index) => `<g transform="translate(0 ${index * panel.height})">${drawPanel(one)}</g>`),
    '</svg>\n',
  ].join('\n');
}

// --- internal ---

const panel = { width: 720, height: 300 };
const plot = { left: 56, right: 700, top: 40, bottom: 222 };
/** Below the axis: the axis' labels, then the legend. */
const legendTop = plot.bottom + 54;

function drawPanel({ member, stage, planned, sweep, suggestion }: FoundRate): string {
  const { rates, losses, stepCount } = sweep;
  const title = svgText(plot.left, 22, `${member}, ${stage}`, 'font-size="15" font-weight="600"');
  if (rates.length === 0) return title + svgText(plot.left, 80, 'The first loss was not finite.');
  const line = smoothed(losses);
  // A diverging loss must not flatten the rest.
  const top = Math.min(Math.max(...losses), 2 * Math.max(...line.slice(0, Math.ceil(line.length / 2))));
  const bottom = Math.min(...losses, ...line);
  const [first, last] = [Math.log10(rates[0]!), Math.log10(Math.max(rates.at(-1)!, rates[0]! * 1.01))];
  const x = (rate: number) => plot.left + ((Math.log10(rate) - first) / (last - first)) * (plot.right - plot.left);
  const y = (loss: number) =>
    plot.bottom - ((Math.min(loss, top) - bottom) / (top - bottom || 1)) * (plot.bottom - plot.top);

  const decades = range(Math.ceil(first), Math.floor(last)).map((exponent) => ({
    at: x(10 ** exponent),
    label: rateText(10 ** exponent),
  }));
  const levels = range(0, 4).map((step) => bottom + (step / 4) * (top - bottom));
  // Two digits of the range.
  const decimals = Math.min(Math.max(1 - Math.floor(Math.log10(top - bottom || 1)), 0), 20);
  const grid = [
    ...decades.map(({ at }) => rule(at, plot.top, at, plot.bottom, 'stroke="#e5e5e5"')),
    ...levels.map((level) => rule(plot.left, y(level), plot.right, y(level), 'stroke="#e5e5e5"')),
    ...decades.map(({ at, label }) => svgText(at, plot.bottom + 18, label, 'text-anchor="middle"')),
    ...levels.map((level) => svgText(plot.left - 8, y(level) + 4, level.toFixed(decimals), 'text-anchor="end"')),
    svgText((plot.left + plot.right) / 2, plot.bottom + 34, 'learning rate', 'text-anchor="middle" fill="#666"'),
    svgText(
      plot.right,
      22,
      `loss of ${losses.length} of ${stepCount} steps, and smoothed`,
      'text-anchor="end" fill="#666"',
    ),
  ];
  const dots = losses.map(
    (loss, index) =>
      `<circle cx="${fixed(x(rates[index]!))}" cy="${fixed(y(loss))}" r="1.8" fill="#9db4cc"${loss > top ? ' opacity="0.3"' : ''}/>`,
  );
  const points = line.map((loss, index) => `${fixed(x(rates[index]!))},${fixed(y(loss))}`).join(' ');
  const curve = `<polyline points="${points}" fill="none" stroke="#1f5fa8" stroke-width="2.2"/>`;
  const marks = marksOf(planned.value, suggestion);
  const visible = marks.filter(({ rate }) => x(rate) >= plot.left && x(rate) <= plot.right);
  const lines = visible.map(({ rate, color }) =>
    rule(x(rate), plot.top, x(rate), plot.bottom, `stroke="${color}" stroke-width="1.5" stroke-dasharray="5 4"`),
  );
  const legend = marks.map(({ name, rate, color }, index) => {
    const left = plot.left + index * 162;
    const swatch = rule(left, legendTop - 4, left + 18, legendTop - 4, `stroke="${color}" stroke-width="2"`);
    return swatch + svgText(left + 24, legendTop, `${name}: ${rateText(rate)}`);
  });
  return [title, ...grid, ...dots, curve, ...lines, ...legend].join('\n');
}

function marksOf(planned: number, suggestion: FoundRate['suggestion']) {
  const { steepest = null, valley, tenthOfMinimum } = suggestion ?? {};
  const all = [
    { name: 'planned', rate: planned, color: '#888888' },
    { name: 'valley', rate: valley, color: '#1b8a4b' },
    { name: 'steepest', rate: steepest ?? undefined, color: '#c0392b' },
    { name: 'minimum / 10', rate: tenthOfMinimum, color: '#b8860b' },
  ];
  return all.flatMap(({ rate, ...rest }) => (rate === undefined ? [] : [{ ...rest, rate }]));
}

/** Whole numbers from `start` to `end`, both included. */
function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start + 1) }, (_, index) => start + index);
}

function rule(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" ${style}/>`;
}
