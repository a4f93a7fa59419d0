import type { Finding } from '../finding.ts';
import { type PackageTestResult, runPackageTest } from './package-test.ts';

/** Compares, by member, the predictions of Keras from the files of `chorus export`; runs a test of orchestration. */
export async function compareExports(python: string, folder: string): Promise<[string, Finding[]][]> {
  const test = 'packages/orchestration/src/export/keras.test.ts';
  return findingsOfExports(await runPackageTest(test, { CHORUS_KERAS: python }, folder));
}

/**
 * Returns a row for each answer that the test printed, and one that counts announced members without an answer.
 *
 * @throws Error with the failure, if it is neither an answer above its limit nor a missing answer.
 */
export function findingsOfExports({
  lines,
  complaints,
}: Pick<PackageTestResult, 'lines' | 'complaints'>): [string, Finding[]][] {
  const printed = lines.filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line) as Printed);
  const announced = printed.flatMap((one) => ('members' in one ? one.members : []));
  const answers = printed.flatMap((one) => ('name' in one ? [one] : []));
  const missing = announced.filter((member) => !answers.some(({ name }) => name === member));
  const count: Finding = {
    check: 'exports in Keras, members without an answer',
    worst: missing.length,
    limit: 0,
    where: [missing.join(', '), ...complaints].join('; '),
  };
  const findings = answers.map(({ name, ...finding }): [string, Finding[]] => [name, [finding]]);
  const isAllWithin = missing.length === 0 && answers.every(({ worst, limit }) => worst <= limit);
  if (announced.length === 0 || (complaints.length > 0 && isAllWithin))
    throw new Error(`The exports were not compared:\n${[...lines.slice(-20), ...complaints].join('\n')}`);
  return [...findings, ['all', [count]]];
}

// --- internal ---

/** The output lines of the test: an announcement of the members, then one answer per line. */
type Printed = { members: string[] } | (Finding & { name: string });
