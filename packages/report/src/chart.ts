/** Charts: vega-lite specifications, rendered to SVG without a browser. */
import type { TopLevelSpec } from 'vega-lite';
import { type Html, html, trustedHtml } from './html.ts';

/** A vega-lite specification; its size is that of the whole chart, with axes. */
export interface ChartSpec {
  /** Pixels of the chart. */
  width: number;
  height: number;
  /** What the chart shows, for readers who cannot see it; the numbers follow in a table. */
  label: string;
  /** Everything but size, theme and labels. */
  spec: Record<string, unknown>;
}

/** Colors that the page's style defines for light and dark. */
export const color = {
  accent: 'var(--accent)',
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  line: 'var(--line)',
  paper: 'var(--paper)',
} as const;

/** The color of a series; there are {@link seriesCount}, which are distinguishable with color blindness. */
export function seriesColor(index: number): string {
  return `var(--series-${index % seriesCount})`;
}

export const seriesCount = 8;

/** Renders a chart; the page's text and colors apply to it. */
export async function renderChart({ width, height, label, spec }: ChartSpec): Promise<Html> {
  // Loaded only here: it takes half a second, which no other command should spend.
  const [{ compile }, { parse, View }] = await Promise.all([import('vega-lite'), import('vega')]);
  const sized = {
    ...{ width, height, background: null, padding: 0, autosize: { type: 'fit', contains: 'padding' }, config: theme },
    ...spec,
  } as unknown as TopLevelSpec;
  const view = new View(parse(compile(sized).spec), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return html`<div class="chart" role="img" aria-label="${label}">${trustedHtml(withoutRepetition(svg))}</div>`;
  } finally {
    view.finalize();
  }
}

/** An axis whose labels are names: their width is estimated here, since vega overestimates it by half. */
export function nameAxis(names: readonly string[], most: number): Record<string, unknown> {
  const extent = Math.min(most, Math.max(...names.map((name) => 6.6 * Math.min(name.length, nameLength(most)))) + 12);
  return { title: null, ticks: false, domain: false, labelLimit: 0, minExtent: extent, maxExtent: extent };
}

/**
 * A vega expression for the name of a row, whose datum is its index. Every character that could end a literal is escaped: names may be
 * hostile, and vega compiles expressions to JavaScript.
 */
export function nameExpression(names: readonly string[]): string {
  const literals = names.map((name) =>
    name.replace(/[^A-Za-z0-9 _.-]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return `["${literals.join('","')}"][datum.value]`;
}

/** Shortens a name to fit in so many pixels; keeps its end, in which names of one kind differ. */
export function fitName(name: string, most: number): string {
  const characters = Array.from(name);
  const length = nameLength(most);
  if (characters.length <= length) return name;
  const end = Math.floor((length - 1) / 2);
  return `${characters.slice(0, length - 1 - end).join('')}…${characters.slice(characters.length - end).join('')}`;
}

// --- internal ---

function nameLength(most: number): number {
  return Math.max(3, Math.floor((most - 12) / 6.6));
}

const theme = {
  font: 'inherit',
  aria: false,
  view: { stroke: null },
  axis: {
    ...{ labelColor: color.muted, titleColor: color.muted, gridColor: color.line, domainColor: color.line },
    ...{ tickColor: color.line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', titlePadding: 8 },
    ...{ labelPadding: 6, tickSize: 4, gridDash: [2, 3] },
  },
  text: { color: color.ink, fontSize: 12 },
  line: { strokeWidth: 2, strokeJoin: 'round', strokeCap: 'round' },
  rule: { color: color.muted },
  point: { opacity: 1 },
  legend: { disable: true },
};

/** Leaves out what every element repeats and no reader sees. */
function withoutRepetition(svg: string): string {
  return svg
    .replace(/<[^>]*>/g, (tag) =>
      tag
        .replace(/ (xmlns(:xlink)?|version|class|pointer-events|role|aria-[a-z]+)="[^"]*"/g, '')
        .replace(/(\.\d\d)\d+/g, '$1'),
    )
    .replaceAll(/<path d="" display="none"\/>|<path d="M0,0h0v0h0Z"\/>/g, '')
    .replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg" focusable="false"');
}
