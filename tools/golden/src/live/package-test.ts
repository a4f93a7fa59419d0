import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import { repository } from '../python.ts';

/** What a test of another package did that knows how to compare something live. */
export interface PackageTestResult {
  /** That it printed. */
  lines: string[];
  passedCount: number;
  /** Why tests failed, or the file as a whole, a line each; none where all is well. */
  complaints: string[];
}

/**
 * Runs one file of tests of a package.
 *
 * @param path from the repository, such as `packages/models/src/x.test.ts`.
 * @param env what the test waits for.
 * @param folder for vitest's own report.
 * @throws Error when vitest did not come to its end.
 */
export async function runPackageTest(path: string, env: NodeJS.ProcessEnv, folder: string): Promise<PackageTestResult> {
  const [, packageFolder, file] = /^(\w+\/\w+)\/(.+)$/.exec(path)!;
  const report = join(folder, 'test-results.json');
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const lines = await runProgram(
    process.execPath,
    [vitest, 'run', file!, '--no-color', `--outputFile.json=${report}`],
    // 1 where a test failed, of which the report says more.
    { cwd: join(repository, packageFolder!), env: { ...process.env, ...env }, exitCodes: [0, 1] },
  );
  const { success, numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  const complaints = testResults.flatMap(({ status, message, assertionResults }) => {
    const failures = assertionResults.flatMap(({ failureMessages }) => failureMessages ?? []);
    return status === 'failed' && failures.length === 0 ? [message] : failures;
  });
  // For whatever else vitest may count as a failure.
  if (!success && complaints.length === 0) complaints.push(lines.slice(-20).join('\n'));
  return { lines, passedCount: numPassedTests, complaints: complaints.map(inOneLine) };
}

// --- internal ---

/** Without the stack. */
function inOneLine(complaint: string): string {
  return complaint.replace(/\n\s+at [\s\S]*$/, '').replace(/\s*\n\s*/g, ' ');
}

/** As far as it is needed here. */
interface VitestReport {
  success: boolean;
  numPassedTests: number;
  testResults: { status: string; message: string; assertionResults: { failureMessages?: string[] }[] }[];
}
