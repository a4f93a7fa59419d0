import type { Prepared } from '../contestants/protocol.ts';
import type { Measurement } from '../measurement.ts';

/** The results of a case. */
export interface Rounds {
  measurements: Measurement[];
  /** By contestant name. */
  prepared: Record<string, Prepared>;
}

/** Returns the measurement of a contestant's quantity. */
export function measurementOf(
  { measurements }: Pick<Rounds, 'measurements'>,
  contestant: string,
  quantity: string,
): Measurement {
  const found = measurements.find((one) => one.contestant === contestant && one.quantity === quantity);
  if (found === undefined) throw new Error(`${contestant} has no measurement of ${quantity}`);
  return found;
}
