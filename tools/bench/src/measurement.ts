/** A measured quantity of a contestant, with one sample per round; samples of the same round are paired. */
export interface Measurement {
  contestant: string;
  quantity: string;
  unit: 's' | 'ms' | 'MB' | '%';
  samples: number[];
}
