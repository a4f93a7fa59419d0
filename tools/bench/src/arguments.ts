import { parseArgs } from 'node:util';

export interface Arguments {
  /** Names of the rows to measure, in their own order. */
  rows: string[];
  /** By default each row has its own number. */
  roundCount: number | undefined;
  quick: boolean;
  /** Where the numbers go, beside the table. */
  json: string | undefined;
  /** Of rows with many cases only those that have this in their titles. */
  case: string | undefined;
  /** Photographs and first weights of the rows that need them, as `chorus train` names them. */
  data: string | undefined;
  weights: string | undefined;
  /** Only says what there is. */
  list: boolean;
}

/**
 * Reads `[ROW…] [--rounds N] [--quick] [--case TEXT] [--json FILE] [--data DIR] [--weights DIR] [--list]`.
 *
 * @param rowNames every row there is.
 * @param onRequest of these the ones that are measured only when they are named.
 * @throws ArgumentError saying what was expected and what came.
 */
export function parseArguments(
  words: readonly string[],
  rowNames: readonly string[],
  onRequest: readonly string[] = [],
): Arguments {
  const { values, positionals } = parse(words);
  const unknown = positionals.find((name) => !rowNames.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`Expected rows out of ${rowNames.join(', ')}, received ${unknown}.`);
  const { rounds, quick = false, json, data, weights, list = false } = values;
  const roundCount = rounds === undefined ? undefined : Number(rounds);
  if (roundCount !== undefined && !(Number.isInteger(roundCount) && roundCount >= 1))
    throw new ArgumentError(`Expected --rounds from 1 on, received ${rounds}.`);
  return {
    rows: rowNames.filter((name) =>
      positionals.length === 0 ? !onRequest.includes(name) : positionals.includes(name),
    ),
    ...{ roundCount, quick, case: values.case, json, data, weights, list },
  };
}

/** A mistake of whoever typed. */
export class ArgumentError extends Error {}

// --- internal ---

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        case: { type: 'string' },
        json: { type: 'string' },
        data: { type: 'string' },
        weights: { type: 'string' },
        list: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
}
