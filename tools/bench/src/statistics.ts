export interface Summary {
  median: number;
  smallest: number;
  largest: number;
}

/** @param samples at least one. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [below, above] = [sorted[Math.floor(middle)]!, sorted[Math.ceil(middle)]!];
  return { median: (below + above) / 2, smallest: sorted[0]!, largest: sorted.at(-1)! };
}
