import { parseArgs } from 'node:util';
import { cases, type GoldenCase } from './cases.ts';

/**
 * The cases that `--only NAME,NAME` names on the command line; all of them without it.
 *
 * @throws Error for a name that there is not.
 */
export function chooseCases(): readonly GoldenCase[] {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? cases.map(({ name }) => name);
  const unknown = names.find((name) => !cases.some((one) => one.name === name));
  if (unknown !== undefined)
    throw new Error(`Expected cases out of ${cases.map(({ name }) => name).join(', ')}, received ${unknown}.`);
  return cases.filter(({ name }) => names.includes(name));
}
