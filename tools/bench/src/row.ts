/** What is measured of one contestant, a sample a round: the samples of one round were taken beside each other. */
export interface Measurement {
  contestant: string;
  quantity: string;
  unit: 's' | 'MB';
  samples: number[];
}

export interface RowOptions {
  /** Rounds; in each, every contestant has one turn. */
  roundCount: number;
  /** Hears in words how far it is. */
  onProgress(words: string): void;
}

/** One question to the machine; each lives in a file of `rows/`. */
export interface Row {
  name: string;
  /** What is measured, in one line. */
  title: string;
  measure(options: RowOptions): Promise<Measurement[]>;
}
