import type { Arguments } from './arguments.ts';
import type { Comparison } from './comparison.ts';
import type { Prepared } from './contestants/protocol.ts';
import type { Measurement } from './measurement.ts';

/** The result of a case that all contestants ran. */
export interface CaseResult {
  title: string;
  /** Their reports after warm-up, by name. */
  contestants: Record<string, Prepared>;
  measurements: Measurement[];
  comparisons: Comparison[];
  /** Notes on the numbers, one per line. */
  remarks: string[];
}

/** Options of a row; `quick` runs fewer cases, contestants and steps, as a smoke test. */
export interface RowOptions extends Pick<Arguments, 'quick' | 'case' | 'data' | 'weights'> {
  /** Number of rounds; in each, every contestant has one turn. */
  roundCount: number;
  /** The row's temporary folder, initially empty; removed after the row. */
  folder: string;
  /** Called with a progress message. */
  onProgress(words: string): void;
  /** Returns the interpreter with the packages of requirements.txt; the first call installs it if needed. */
  python(): Promise<string>;
}

/** A benchmark; each has a file in `rows/`. */
export interface Row {
  name: string;
  /** One-line description of the measurement. */
  title: string;
  /** The reason if it is measured only when named. */
  onRequest?: string;
  /** Default number of rounds. */
  roundCount: { whole: number; quick: number };
  /** Duration of all cases with the default rounds, measured on two cores. */
  minutes: { whole: number; quick: number };
  /** Yields each case as soon as it is measured. */
  measure(options: RowOptions): AsyncIterable<CaseResult>;
}
