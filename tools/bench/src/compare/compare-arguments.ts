/** The arguments of `pnpm compare`. */
import { ArgumentError, countArgument, parseWords } from '../arguments.ts';

export interface CompareArguments {
  /** Names of the cases to compare, in the order of the list. */
  cases: string[];
  /** Compares changes of the preset instead of cases. */
  ablation: boolean;
  data: string | undefined;
  weights: string | undefined;
  folder: string | undefined;
  /** By default, each case has its own number of draws. */
  drawCount: number | undefined;
  keras: boolean;
  /** Of how many draws Keras fine-tunes a backbone. */
  fineTunedCount: number;
  autogluon: boolean;
  /** Only lists the cases. */
  list: boolean;
}

/**
 * Reads `[CASE…] --data DIR --weights DIR --folder DIR [--draws N] [--keras] [--fine-tuned N] [--autogluon] [--list]`, or
 * `--ablation` in place of cases.
 *
 * @param caseNames all cases.
 * @throws ArgumentError for invalid arguments.
 */
export function parseCompareArguments(words: readonly string[], caseNames: readonly string[]): CompareArguments {
  const { values, positionals } = parseWords(words, {
    data: { type: 'string' },
    weights: { type: 'string' },
    folder: { type: 'string' },
    draws: { type: 'string' },
    keras: { type: 'boolean', default: false },
    autogluon: { type: 'boolean', default: false },
    'fine-tuned': { type: 'string' },
    ablation: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  });
  const unknown = positionals.find((name) => !caseNames.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`Unknown case "${unknown}"; expected some of: ${caseNames.join(', ')}.`);
  const { ablation, data, weights, folder, keras, autogluon, list } = values;
  if (ablation && positionals.length > 0)
    throw new ArgumentError(`--ablation has no cases, received ${positionals.join(', ')}.`);
  return {
    cases: caseNames.filter((name) => positionals.length === 0 || positionals.includes(name)),
    ...{ ablation, data, weights, folder, keras, autogluon, list },
    drawCount: countArgument('--draws', values.draws, 1),
    fineTunedCount: countArgument('--fine-tuned', values['fine-tuned'], 0) ?? 0,
  };
}
