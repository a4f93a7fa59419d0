import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { faultTableProblems, readFaultTable } from './fault-table.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fault-table-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('each row of docs/reliability.md names a test of its number, or says why there is none', () => {
  const rows = readFaultTable(readFileSync(join(root, 'docs/reliability.md'), 'utf8'));
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(faultTableProblems(root, rows)).toEqual([]);
});

it.each([
  ["it('7: is slow', () => {", []],
  ["  describe('7: is slow', () => {", []],
  ["it.each([1, 2])('7: is slow %s', () => {", []],
  ["it.skipIf(!can)(\n  '7: is slow',\n", []],
  ["  ['7: is slow', () => 0],", []],
  ["it('17: is slow', () => {", ['row 7: a.test.ts has no test whose name starts with "7: "']],
  ["it('is slow 7: or not', () => {", ['row 7: a.test.ts has no test whose name starts with "7: "']],
])('finds the test of a row in %j', (source, problems) => {
  writeFileSync(join(folder, 'a.test.ts'), source);
  const rows = readFaultTable(
    '| # | fault | what Chorus does | tests |\n| - | - | - | - |\n| 7 | slow | skips | `a.test.ts` |\n',
  );
  expect(faultTableProblems(folder, rows)).toEqual(problems);
});

it('refuses a row without a test and a reason', () => {
  expect(faultTableProblems(folder, readFaultTable('| 7 | slow | skips |  |'))).toEqual([
    'row 7 names no test and no reason',
  ]);
  expect(faultTableProblems(folder, readFaultTable('| 7 | slow | skips | needs a GPU |'))).toEqual([]);
});
