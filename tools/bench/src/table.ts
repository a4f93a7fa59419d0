import type { Measurement } from './row.ts';
import { summarise } from './statistics.ts';

/** A line per contestant, a column per quantity: the median and, behind it, the smallest and the largest sample. */
export function table(measurements: readonly Measurement[]): string {
  const contestants = [...new Set(measurements.map(({ contestant }) => contestant))];
  const quantities = [...new Set(measurements.map(({ quantity, unit }) => `${quantity}, ${unit}`))];
  const rows = [
    ['', ...quantities],
    ...contestants.map((contestant) => [
      contestant,
      ...quantities.map((name) => cell(measurements.find((one) => isOf(one, contestant, name)))),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// --- internal ---

function isOf({ contestant, quantity, unit }: Measurement, wanted: string, name: string): boolean {
  return contestant === wanted && `${quantity}, ${unit}` === name;
}

function cell(measurement: Measurement | undefined): string {
  if (measurement === undefined) return '';
  const { median, smallest, largest } = summarise(measurement.samples);
  return `${median.toFixed(2)} (${smallest.toFixed(2)} to ${largest.toFixed(2)})`;
}
