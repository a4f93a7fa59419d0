/** The machine-readable report of a run. */
import { type Comparison, verdict } from './comparison.ts';
import type { Machine } from './machine.ts';
import type { CaseResult } from './row.ts';
import { summarise } from './statistics.ts';

export interface RowReport {
  name: string;
  title: string;
  roundCount: number;
  seconds: number;
  cases: CaseResult[];
}

/** Returns the content of `--json FILE`: the samples in measured order, and derived values. */
export function reportJson(about: { startedAt: string; quick: boolean; machine: Machine }, rows: readonly RowReport[]) {
  return {
    schemaVersion: 1,
    ...about,
    rows: rows.map((row) => ({
      ...row,
      cases: row.cases.map((one) => ({
        ...one,
        measurements: one.measurements.map((measurement) => ({ ...measurement, ...summarise(measurement.samples) })),
        comparisons: one.comparisons.map(comparisonJson),
      })),
    })),
  };
}

// --- internal ---

function comparisonJson(comparison: Comparison) {
  const { ratios, goals } = comparison;
  return {
    ...comparison,
    ...summarise(ratios),
    goals: goals.map((goal) => ({ stretch: false, ...goal, ...verdict(goal, ratios) })),
  };
}
