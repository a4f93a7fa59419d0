#!/usr/bin/env node
/**
 * Counts the tests that ran: sums the `test-results.json` (vitest's own JSON reporter) of every package that has tests,
 * and prints `N passed, N failed, N skipped` as its last line. Exits 1 when a test or a whole file failed, or when a
 * package with a `test` script left no results. With `--forget` it removes the results of an earlier run instead.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const packages = ['packages', 'apps', 'tools']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
  .filter((folder) => existsSync(join(root, folder, 'package.json')))
  .filter((folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).scripts?.test !== undefined);

if (process.argv.includes('--forget')) {
  for (const folder of packages) rmSync(join(root, folder, 'test-results.json'), { force: true });
  process.exit(0);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const folder of packages) {
  const path = join(root, folder, 'test-results.json');
  if (!existsSync(path)) {
    console.log(`${folder}: no test results; its tests did not complete`);
    total.failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(path, 'utf8'));
  // A file that cannot be loaded fails without a failed test.
  const brokenFiles = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  total.passed += results.numPassedTests;
  total.failed += results.numFailedTests + brokenFiles.length;
  total.skipped += results.numPendingTests + results.numTodoTests;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
