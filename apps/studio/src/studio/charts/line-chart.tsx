import { useId } from 'preact/hooks';
import { ticks } from './ticks.ts';

export interface LineSeries {
  name: string;
  /** A class of the style sheet, which sets the stroke. */
  kind: 'fit' | 'tune';
  /** [x, y], in the order of x. */
  points: readonly (readonly [number, number])[];
}

export interface LineChartProps {
  title: string;
  series: readonly LineSeries[];
  /** Thin lines of the color of `tune`, behind the others. */
  faint?: readonly LineSeries['points'][];
  /** Where the last line of `fit` is going at the moment. */
  point?: readonly [number, number];
  /** Vertical lines with a text each, such as the starts of stages. */
  marks: readonly { x: number; text: string }[];
  xTitle: string;
  /** The end of the x axis; by default the last point. */
  xEnd?: number;
  /** The ends of the y axis; by default those of the points. */
  yRange?: readonly [number, number];
  format: (value: number) => string;
}

/** About as wide as it is shown, so that its texts have their size. */
const width = 280;
const height = 140;
const inset = { left: 40, right: 6, top: 14, bottom: 22 };
/** Room for the title of the x axis, at its end. */
const titleWidth = 44;

/** Lines over a count. Its numbers are in a table beside it, so that a screen reader skips the drawing. */
export function LineChart({ title, series, faint = [], point, marks, xTitle, xEnd, yRange, format }: LineChartProps) {
  const clip = useId();
  const points = [...series.flatMap((one) => one.points), ...faint.flat()];
  const end = Math.max(1, xEnd ?? 0, ...points.map(([x]) => x));
  const [low, high] = yRange ?? rangeOf(points.map(([, y]) => y));
  const x = (value: number) => inset.left + (value / end) * (width - inset.left - inset.right);
  const y = (value: number) =>
    height - inset.bottom - ((value - low) / (high - low)) * (height - inset.top - inset.bottom);
  const path = (own: LineSeries['points']) =>
    own.map(([a, b], index) => `${index === 0 ? 'M' : 'L'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('');
  return (
    <figure class="chart">
      <figcaption>
        {title}
        <ul class="legend">
          {series.map(({ name, kind }) => (
            <li key={kind}>
              <svg viewBox="0 0 16 8" width="16" height="8" aria-hidden="true">
                <path class={`line ${kind}`} d="M0 4H16" />
              </svg>
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <clipPath id={clip}>
          <rect
            x={inset.left}
            y={inset.top - 4}
            width={width - inset.left}
            height={height - inset.top - inset.bottom + 8}
          />
        </clipPath>
        {ticks(low, high, 3).map((value) => (
          <g key={value}>
            <path class="grid" d={`M${inset.left} ${y(value)}H${width - inset.right}`} />
            <text class="tick" x={inset.left - 6} y={y(value) + 3.5} text-anchor="end">
              {format(value)}
            </text>
          </g>
        ))}
        {ticks(0, end, 4)
          .filter((value) => Number.isInteger(value) && x(value) < width - inset.right - titleWidth)
          .map((value) => (
            <text key={value} class="tick" x={x(value)} y={height - 8} text-anchor="middle">
              {value}
            </text>
          ))}
        <text class="tick" x={width - inset.right} y={height - 8} text-anchor="end">
          {xTitle}
        </text>
        {marks.map((mark) => (
          <g key={mark.text}>
            <path class="mark" d={`M${x(mark.x)} ${inset.top - 4}V${height - inset.bottom}`} />
            <text class="tick" x={x(mark.x) + 4} y={inset.top + 4}>
              {mark.text}
            </text>
          </g>
        ))}
        <g clip-path={`url(#${clip})`}>
          {faint.map((own, index) => (
            // The trainings of a member have a fixed order.
            <path key={index} class="line tune faint" d={path(own)} />
          ))}
          {series.map(({ kind, points: own }) => (
            <g key={kind}>
              <path class={`line ${kind}`} d={path(own)} />
              {own.length < 40 &&
                own.map(([a, b]) => <circle key={a} class={`dot ${kind}`} cx={x(a)} cy={y(b)} r="2" />)}
            </g>
          ))}
          {point !== undefined && <circle class="dot now" cx={x(point[0])} cy={y(Math.min(high, point[1]))} r="3.5" />}
        </g>
      </svg>
    </figure>
  );
}

// --- internal ---

/** From 0, and without the highest twentieth, beside which nothing else would be visible. */
function rangeOf(values: readonly number[]): [number, number] {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const highest = sorted.at(-1) ?? 1;
  const usual = 1.6 * (sorted[Math.floor(sorted.length * 0.95)] ?? 1);
  return [0, Math.min(highest, usual) * 1.05 || 1];
}
