import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '@chorus/python';
import { repository } from '../python.ts';

/** The result of another package's test that performs a live comparison. */
export interface PackageTestResult {
  /** Lines of its output. */
  lines: string[];
  passedCount: number;
  /** Failures of tests or of the whole file, one line each; empty if all passed. */
  complaints: string[];
}

/**
 * Runs one test file of a package.
 *
 * @param path relative to the repository, such as `packages/models/src/x.test.ts`.
 * @param env environment variables that enable the test.
 * @param folder for vitest's report.
 * @throws Error if vitest did not complete.
 */
export async function runPackageTest(path: string, env: NodeJS.ProcessEnv, folder: string): Promise<PackageTestResult> {
  const [, packageFolder, file] = /^(\w+\/\w+)\/(.+)$/.exec(path)!;
  const report = join(folder, 'test-results.json');
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const lines = await runProgram(
    process.execPath,
    [vitest, 'run', file!, '--no-color', `--outputFile.json=${report}`],
    // 1 if a test failed; the report has the details.
    { cwd: join(repository, packageFolder!), env: { ...process.env, ...env }, exitCodes: [0, 1] },
  );
  const { success, numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  const complaints = testResults.flatMap(({ status, message, assertionResults }) => {
    const failures = assertionResults.flatMap(({ failureMessages }) => failureMessages ?? []);
    return status === 'failed' && failures.length === 0 ? [message] : failures;
  });
  // Covers anything else that vitest counts as a failure.
  if (!success && complaints.length === 0) complaints.push(lines.slice(-20).join('\n'));
  return { lines, passedCount: numPassedTests, complaints: complaints.map(inOneLine) };
}

// --- internal ---

/** Without the stack. */
function inOneLine(complaint: string): string {
  return complaint.replace(/\n\s+at [\s\S]*$/, '').replace(/\s*\n\s*/g, ' ');
}

/** The fields used here. */
interface VitestReport {
  success: boolean;
  numPassedTests: number;
  testResults: { status: string; message: string; assertionResults: { failureMessages?: string[] }[] }[];
}
