import type { Measurement } from '../measurement.ts';

/** Quantity of a process's peak memory. */
export const peakMemory = 'peak memory';

/** What contestants' rounds took, as it comes in. */
export class Samples {
  readonly #measurements: Map<string, Map<string, Measurement>>;

  /** @param contestants in the order that the measurements shall have. */
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

  /** @param bytes undefined where the system does not tell. */
  addPeakMemory(contestant: string, bytes: number | undefined): void {
    if (bytes !== undefined) this.add(contestant, peakMemory, 'MB', bytes / 1e6);
  }

  /** A contestant's quantities one behind the other, in the order in which they first came. */
  get measurements(): Measurement[] {
    return [...this.#measurements.values()].flatMap((own) => [...own.values()]);
  }
}
