/** A figure: a title, charts for wide and narrow pages, a caption, and the numbers as a table. */
import { type ChartSpec, renderChart } from './chart.ts';
import { type Content, type Html, html } from './html.ts';

export interface Table {
  columns: readonly string[];
  rows: readonly (readonly Content[])[];
  /** Whether the cells are texts, which align left. */
  isText?: boolean;
}

export interface Figure {
  title?: string;
  /** One that fits any page, or one for pages of at least 720 pixels and one for narrower ones. */
  chart: ChartSpec | { wide: ChartSpec; narrow: ChartSpec };
  /** Names and colors of the series, as in the chart. */
  legend?: readonly { name: string; series: Series }[];
  caption?: Content;
  /** The numbers of the chart, unless another figure beside it has them. */
  table?: Table;
}

/** Class of a legend's mark: `accent`, `muted`, `ink`, or the number of a series. */
export type Series = 'accent' | 'muted' | 'ink' | number;

/** A chart for wide pages, of the given width, and one for narrow pages. */
export function inBothWidths(wide: number, chartOf: (width: number) => ChartSpec): Figure['chart'] {
  return { wide: chartOf(wide), narrow: chartOf(narrowWidth) };
}

/** Width of a chart that fits any page. */
export const narrowWidth = 340;

export async function figure({ title, chart, legend = [], caption, table: numbers }: Figure): Promise<Html> {
  const charts =
    'wide' in chart
      ? html`<div class="wide">${await renderChart(chart.wide)}</div><div class="narrow">${await renderChart(chart.narrow)}</div>`
      : await renderChart(chart);
  return html`<figure>
${title && html`<h3>${title}</h3>`}
${
  legend.length > 0 &&
  html`<ul class="legend">${legend.map(({ name, series }) => html`<li><i class="mark-${series}"></i>${name}</li>`)}</ul>`
}
${charts}
${caption && html`<figcaption>${caption}</figcaption>`}
${numbers && disclosure('Numbers', table(numbers))}
</figure>`;
}

/** Content that opens on request. */
export function disclosure(summary: Content, content: Content, isOpen = false): Html {
  return isOpen
    ? html`<details open><summary>${summary}</summary>${content}</details>`
    : html`<details><summary>${summary}</summary>${content}</details>`;
}

/** A table whose cells align right, except in the first column; it scrolls if it is wider than the page. */
export function table({ columns, rows, isText = false }: Table): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="${isText ? 'texts' : 'numbers'}">
${columns.some((column) => column !== '') && head(columns)}
<tbody>${rows.map(
    ([first, ...cells]) => html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
  )}</tbody>
</table></div>`;
}

// --- internal ---

function head(columns: readonly string[]): Html {
  return html`<thead><tr>${columns.map((column) => (column === '' ? html`<td></td>` : html`<th scope="col">${column}</th>`))}</tr></thead>`;
}
