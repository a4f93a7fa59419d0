/** Formats a case for a terminal. */
import { type Comparison, type Goal, verdict } from './comparison.ts';
import type { Measurement } from './measurement.ts';
import type { CaseResult } from './row.ts';
import { summarise } from './statistics.ts';

/** Returns the measurements, comparisons and remarks of a case as text. */
export function caseText({ title, contestants, measurements, comparisons, remarks }: CaseResult): string {
  const blocks = [measurementLines(measurements), comparisons.map(comparisonCells)];
  return [
    ...(title === '' ? [] : [title]),
    ...blocks.filter((block) => block.length > 0).map((block) => columns(block).join('\n')),
    [...remarks, ...parameterRemark(contestants)].join('\n'),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

// --- internal ---

/** One line per contestant, one column per quantity: the median, followed by the smallest and the largest sample. */
function measurementLines(measurements: readonly Measurement[]): string[][] {
  const contestants = [...new Set(measurements.map(({ contestant }) => contestant))];
  const quantities = [...new Set(measurements.map(heading))];
  return [
    ['', ...quantities],
    ...contestants.map((contestant) => [
      contestant,
      ...quantities.map((name) =>
        measurementCell(measurements.find((one) => one.contestant === contestant && heading(one) === name)),
      ),
    ]),
  ];
}

function heading({ quantity, unit }: Measurement): string {
  return `${quantity}, ${unit}`;
}

function measurementCell(measurement: Measurement | undefined): string {
  if (measurement === undefined) return '';
  return spread(measurement.samples, measurement.unit === 'MB' ? (value) => value.toFixed(0) : numeral);
}

function comparisonCells({ kind, quantity, contestant, peer, ratios, goals }: Comparison): string[] {
  return [
    `${contestant} : ${peer}`,
    kind === 'memory' ? quantity : `${quantity}, ${kind}`,
    `${spread(ratios, (ratio) => ratio.toFixed(2))} ×`,
    goals.map((goal) => goalWords(goal, ratios)).join('; '),
  ];
}

function goalWords(goal: Goal, ratios: readonly number[]): string {
  const { holds, missedBy } = verdict(goal, ratios);
  const bound = `${goal.stretch ? 'stretch' : 'goal'} ${goal.bound === 'at least' ? '≥' : '≤'} ${goal.ratio}`;
  return `${bound} ${holds ? 'holds' : `misses by ${percent(missedBy)} %`}`;
}

function spread(samples: readonly number[], words: (value: number) => string): string {
  const { median, smallest, largest } = summarise(samples);
  return samples.length === 1 ? words(median) : `${words(median)} (${words(smallest)} to ${words(largest)})`;
}

/** Formats with two significant digits. */
function percent(share: number): string {
  return share >= 0.1 ? (100 * share).toFixed(0) : (100 * share).toPrecision(2);
}

/** Formats with three significant digits. */
function numeral(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function parameterRemark(contestants: CaseResult['contestants']): string[] {
  const counts = Object.entries(contestants).flatMap(([name, { parameterCount }]) =>
    parameterCount === undefined ? [] : [`${name} ${parameterCount.toLocaleString('en')}`],
  );
  return counts.length === 0 ? [] : [`Trainable parameters, without the head: ${counts.join('; ')}.`];
}

/** Pads every column to its widest cell. */
function columns(lines: readonly string[][]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
