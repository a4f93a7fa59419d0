import type { Measurement } from '../measurement.ts';

/** Name of the quantity for a process's peak memory. */
export const peakMemory = 'peak memory';

/** Names of the quantities for a process and all that it has started: peak memory together, and processor time. */
export const treeMemory = 'peak memory of all processes';
export const processorTime = 'processor time';

/** Collects the samples of contestants. */
export class Samples {
  readonly #measurements: Map<string, Map<string, Measurement>>;

  /** @param contestants in the order of the measurements. */
  constructor(contestants: readonly string[]) {
    this.#measurements = new Map(contestants.map((name) => [name, new Map()]));
  }

  add(contestant: string, quantity: string, unit: Measurement['unit'], sample: number): void {
    const own = this.#measurements.get(contestant)!;
    const known = own.get(quantity);
    if (known === undefined) own.set(quantity, { contestant, quantity, unit, samples: [sample] });
    else known.samples.push(sample);
  }

  addSeconds(contestant: string, seconds: Readonly<Record<string, number>>): void {
    for (const [quantity, sample] of Object.entries(seconds)) this.add(contestant, quantity, 's', sample);
  }

  /** @param bytes undefined if the system does not report it. */
  addPeakMemory(contestant: string, bytes: number | undefined): void {
    if (bytes !== undefined) this.add(contestant, peakMemory, 'MB', bytes / 1e6);
  }

  /** Returns the measurements by contestant, with quantities in the order of their first samples. */
  get measurements(): Measurement[] {
    return [...this.#measurements.values()].flatMap((own) => [...own.values()]);
  }
}
