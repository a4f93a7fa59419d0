/** The table of faults in docs/reliability.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FaultRow {
  number: number;
  /** Paths of test files, relative to the repository; empty if the row says why there is none. */
  tests: string[];
  /** Text of the last cell. */
  testing: string;
}

/** Reads the rows of the table, whose first cell is a number and whose last one names test files as `code`. */
export function readFaultTable(page: string): FaultRow[] {
  return page.split('\n').flatMap((line): FaultRow[] => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (cells.length < 5 || !/^\d+$/.test(cells[1]!)) return [];
    const testing = cells.at(-2)!;
    return [
      {
        number: Number(cells[1]),
        testing,
        tests: [...testing.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path]) => path!),
      },
    ];
  });
}

/** Why rows and tests do not fit together; empty if they do. */
export function faultTableProblems(root: string, rows: readonly FaultRow[]): string[] {
  return rows.flatMap(({ number, tests, testing }) => {
    if (tests.length === 0) return testing === '' ? [`row ${number} names no test and no reason`] : [];
    return tests.flatMap((path) => {
      const source = readFileSync(join(root, path), 'utf8');
      return hasTestOf(number, source)
        ? []
        : [`row ${number}: ${path} has no test whose name starts with "${number}: "`];
    });
  });
}

// --- internal ---

/** A string that starts with the number, which in a test file is the name of a test. */
function hasTestOf(number: number, source: string): boolean {
  return new RegExp(`(^|[\\s([{])['"\`]${number}: `, 'm').test(source);
}
