/** What is measured of one contestant, a sample a round: the samples of one round were taken beside each other. */
export interface Measurement {
  contestant: string;
  quantity: string;
  unit: 's' | 'ms' | 'MB' | '%';
  samples: number[];
}
