import type { Prepared } from '../contestants/protocol.ts';
import type { Measurement } from '../measurement.ts';

/** What came of a case. */
export interface Rounds {
  measurements: Measurement[];
  /** By the contestants' names. */
  prepared: Record<string, Prepared>;
}

/** A contestant's measurement of a quantity. */
export function measurementOf(
  { measurements }: Pick<Rounds, 'measurements'>,
  contestant: string,
  quantity: string,
): Measurement {
  const found = measurements.find((one) => one.contestant === contestant && one.quantity === quantity);
  if (found === undefined) throw new Error(`nothing was measured of ${contestant} called ${quantity}`);
  return found;
}
