import { parseArgs } from 'node:util';

export interface Arguments {
  targets: string[];
  seconds: number;
  seed: number;
  /** The only input to run. */
  iteration: number | undefined;
  list: boolean;
}

/**
 * Reads `[TARGET…] [--seconds N] [--seed N] [--iteration N] [--list]`.
 *
 * @throws Error naming what was expected.
 */
export function parseArguments(words: readonly string[], names: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '0' },
      iteration: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`Unknown target "${unknown}"; expected one of: ${names.join(', ')}.`);
  const iteration = values.iteration === undefined ? undefined : wholeNumber('--iteration', values.iteration);
  if (iteration !== undefined && positionals.length !== 1)
    throw new Error(`Expected one target for --iteration, received ${positionals.length}.`);
  return {
    targets: positionals.length === 0 ? [...names] : positionals,
    seconds: wholeNumber('--seconds', values.seconds),
    seed: wholeNumber('--seed', values.seed),
    iteration,
    list: values.list,
  };
}

// --- internal ---

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`Expected a whole number for ${option}, received "${text}".`);
  return Number(text);
}
