/** 0.975 quantiles of Student's t for 1, 2, … degrees of freedom. */
const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];

export interface MeanInterval {
  mean: number;
  /** 95 % interval. */
  low: number;
  high: number;
}

/**
 * Returns the mean of independent samples of a normal distribution with its 95 % interval.
 *
 * @param samples two to thirteen.
 */
export function meanInterval(samples: readonly number[]): MeanInterval {
  const quantile = quantiles[samples.length - 2];
  if (quantile === undefined)
    throw new Error(`expected 2 to ${quantiles.length + 1} samples, received ${samples.length}`);
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length;
  const variance = samples.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (samples.length - 1);
  const reach = quantile * Math.sqrt(variance / samples.length);
  return { mean, low: mean - reach, high: mean + reach };
}
