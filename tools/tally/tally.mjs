#!/usr/bin/env node
/**
 * Counts the tests that ran: sums the `test-results.json` (vitest's own JSON reporter) of every package that has tests,
 * and prints each failed test with the first line of its error, then `N passed, N failed, N skipped` as its last line.
 * Exits 1 when a test or a whole file failed, or when a package with a `test` script left no results. With `--forget` it
 * removes the results of an earlier run instead.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

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
  const failures = results.testResults.flatMap(failuresOf);
  for (const failure of failures) console.log(failure);
  total.passed += results.numPassedTests;
  total.failed += failures.length;
  total.skipped += results.numPendingTests + results.numTodoTests;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** One line per failed test of a file; one for the file if it fails without any, as when it cannot be loaded or a hook fails. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (status === 'failed' && failed.length === 0)
    return [`failed: ${file}: ${firstLine(message) || 'an error outside its tests'}`];
  return failed.map(
    ({ fullName, failureMessages }) => `failed: ${file}: ${fullName}: ${firstLine(failureMessages[0])}`,
  );
}

function firstLine(text = '') {
  const [line = ''] = stripVTControlCharacters(text).trim().split('\n');
  return line.slice(0, 300);
}
