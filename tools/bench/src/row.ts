import type { Arguments } from './arguments.ts';
import type { Comparison } from './comparison.ts';
import type { Prepared } from './contestants/protocol.ts';
import type { Measurement } from './measurement.ts';

/** One thing that all contestants did. */
export interface CaseResult {
  title: string;
  /** What they told of themselves, by their names. */
  contestants: Record<string, Prepared>;
  measurements: Measurement[];
  comparisons: Comparison[];
  /** What else is to be known of these numbers, a line each. */
  remarks: string[];
}

/** What was asked for, `quick`: fewer cases, contestants and steps, for a look, not for a claim. */
export interface RowOptions extends Pick<Arguments, 'quick' | 'case' | 'data' | 'weights'> {
  /** Rounds; in each, every contestant has one turn. */
  roundCount: number;
  /** The row's own, empty at first; removed when it is done. */
  folder: string;
  /** Hears in words how far it is. */
  onProgress(words: string): void;
  /** Interpreter with the packages of requirements.txt; installed by the first call that finds none. */
  python(): Promise<string>;
}

/** One question to the machine; each lives in a file of `rows/`. */
export interface Row {
  name: string;
  /** What is measured, in one line. */
  title: string;
  /** Why it is measured only when it is named. */
  onRequest?: string;
  /** Where nobody says how many. */
  roundCount: { whole: number; quick: number };
  /** What it takes then, all cases, measured on two cores. */
  minutes: { whole: number; quick: number };
  /** Gives each case as soon as it is measured. */
  measure(options: RowOptions): AsyncIterable<CaseResult>;
}
