import { ServerError } from './errors.ts';

/** @throws ServerError unless all values are whole numbers of at least a minimum. */
export function requireCounts(values: Readonly<Record<string, number>>, minimum: number): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isSafeInteger(value) || value < minimum)
      throw new ServerError(`Expected ${name} to be a whole number of at least ${minimum}, received ${value}.`);
}
