import { parseArgs } from 'node:util';
import { backboneFamilies } from '@chorus/models';
import { cases, type GoldenCase } from './cases.ts';

/** A mistake on the command line; its message is one line. */
export class ChoiceError extends Error {}

/**
 * The cases that `--only NAME,NAME` names, each a case's name or a family's for all of its widths; without it all of them.
 *
 * @throws ChoiceError for a name that there is not, and for anything else on the command line.
 */
export function chooseCases(parameters: readonly string[]): readonly GoldenCase[] {
  const only = onlyOf(parameters);
  if (only === undefined) return cases;
  const names = only.split(',');
  const isNamed = ({ name, family }: GoldenCase) => names.includes(name) || names.includes(family);
  const unknown = names.find((one) => !cases.some(({ name, family }) => one === name || one === family));
  if (unknown !== undefined) {
    const known = new Set<string>([...backboneFamilies, ...cases.map(({ name }) => name)]);
    throw new ChoiceError(`Expected --only out of ${[...known].join(', ')}, received "${unknown}".`);
  }
  return cases.filter(isNamed);
}

/** As {@link chooseCases} of this process' command line, but a mistake ends the process: 2, and its line. */
export function chooseCasesOrExit(): readonly GoldenCase[] {
  try {
    return chooseCases(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ChoiceError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

// --- internal ---

function onlyOf(parameters: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...parameters], options: { only: { type: 'string' } } }).values.only;
  } catch {
    throw new ChoiceError(`Expected nothing or --only NAME,NAME, received ${parameters.join(' ')}.`);
  }
}
