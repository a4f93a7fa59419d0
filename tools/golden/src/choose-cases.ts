import { parseArgs } from 'node:util';
import { backboneFamilies } from '@chorus/models';
import { cases, type GoldenCase } from './cases.ts';

/** An error in the command line, with a one-line message. */
export class ChoiceError extends Error {}

/**
 * Returns the cases that `--only NAME,NAME` selects, where NAME is a case or a family with all its widths; by default, all.
 *
 * @throws ChoiceError for an unknown name or any other argument.
 */
export function chooseCases(parameters: readonly string[]): readonly GoldenCase[] {
  const only = onlyOf(parameters);
  if (only === undefined) return cases;
  const names = only.split(',');
  const isNamed = ({ name, family }: GoldenCase) => names.includes(name) || names.includes(family);
  const unknown = names.find((one) => !cases.some(({ name, family }) => one === name || one === family));
  if (unknown !== undefined) {
    const known = new Set<string>([...backboneFamilies, ...cases.map(({ name }) => name)]);
    throw new ChoiceError(`Unknown case "${unknown}"; expected one of: ${[...known].join(', ')}.`);
  }
  return cases.filter(isNamed);
}

/** Like {@link chooseCases} for this process's command line; on an error, prints it and exits with 2. */
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
    throw new ChoiceError(`Expected no arguments or --only NAME,NAME, received ${parameters.join(' ')}.`);
  }
}
