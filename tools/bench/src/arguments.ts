import { type ParseArgsConfig, parseArgs } from 'node:util';

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
  const { values, positionals } = parseWords(words, {
    rounds: { type: 'string' },
    quick: { type: 'boolean' },
    case: { type: 'string' },
    json: { type: 'string' },
    data: { type: 'string' },
    weights: { type: 'string' },
    list: { type: 'boolean' },
  });
  const unknown = positionals.find((name) => !rowNames.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`Unknown row "${unknown}"; expected one of: ${rowNames.join(', ')}.`);
  const { rounds, quick = false, json, data, weights, list = false } = values;
  const roundCount = countArgument('--rounds', rounds, 1);
  return {
    rows: rowNames.filter((name) =>
      positionals.length === 0 ? !onRequest.includes(name) : positionals.includes(name),
    ),
    ...{ roundCount, quick, case: values.case, json, data, weights, list },
  };
}

/**
 * Reads the whole number of an option.
 *
 * @returns undefined if the option is not given.
 * @throws ArgumentError for anything else than a whole number of at least `least`.
 */
export function countArgument(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (text.trim() === '' || !Number.isInteger(count) || count < least)
    throw new ArgumentError(`Expected ${option} of at least ${least}, received ${text}.`);
  return count;
}

/** Invalid command-line arguments. */
export class ArgumentError extends Error {}

/**
 * Splits the words of a command line into options and names.
 *
 * @throws ArgumentError for an unknown option, or one without its value.
 */
export function parseWords<Options extends NonNullable<ParseArgsConfig['options']>>(
  words: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: Options }>> {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
}
