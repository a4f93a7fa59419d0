import type { Finding } from '../finding.ts';
import { type PackageTestResult, runPackageTest } from './package-test.ts';

/** By member: what Keras answers when it loads `chorus export`'s files; the test of orchestration that knows how. */
export async function compareExports(python: string, folder: string): Promise<[string, Finding[]][]> {
  const test = 'packages/orchestration/src/export/keras.test.ts';
  return findingsOfExports(await runPackageTest(test, { CHORUS_KERAS: python }, folder));
}

/**
 * A row for each answer that the test printed, and one that counts the members it announced and has no answer of.
 *
 * @throws Error with what failed, when it is no answer above its limit and none that is missing.
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

/** Lines of the test: what it is going to compare, then an answer each. */
type Printed = { members: string[] } | (Finding & { name: string });
