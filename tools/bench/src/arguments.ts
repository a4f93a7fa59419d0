import { parseArgs } from 'node:util';

export interface Arguments {
  /** Names of the rows to measure, in table order. */
  rows: string[];
  /** By default, each row has its own number of rounds. */
  roundCount: number | undefined;
  quick: boolean;
  /** File for the numbers, in addition to the printed table. */
  json: string | undefined;
  /** Measures only cases whose titles contain this text. */
  case: string | undefined;
  /** Photographs and initial weights of the rows that need them, as for `chorus train`. */
  data: string | undefined;
  weights: string | undefined;
  /** Only lists the rows. */
  list: boolean;
}

/**
 * Reads `[ROW…] [--rounds N] [--quick] [--case TEXT] [--json FILE] [--data DIR] [--weights DIR] [--list]`.
 *
 * @param rowNames all rows.
 * @param onRequest rows that are measured only if named.
 * @throws ArgumentError for invalid arguments.
 */
export function parseArguments(
  words: readonly string[],
  rowNames: readonly string[],
  onRequest: readonly string[] = [],
): Arguments {
  const { values, positionals } = parse(words);
  const unknown = positionals.find((name) => !rowNames.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`Unknown row "${unknown}"; expected one of: ${rowNames.join(', ')}.`);
  const { rounds, quick = false, json, data, weights, list = false } = values;
  const roundCount = rounds === undefined ? undefined : Number(rounds);
  if (roundCount !== undefined && !(Number.isInteger(roundCount) && roundCount >= 1))
    throw new ArgumentError(`Expected --rounds of at least 1, received ${rounds}.`);
  return {
    rows: rowNames.filter((name) =>
      positionals.length === 0 ? !onRequest.includes(name) : positionals.includes(name),
    ),
    ...{ roundCount, quick, case: values.case, json, data, weights, list },
  };
}

/** Invalid command-line arguments. */
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
