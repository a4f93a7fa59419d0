import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const usesGlibc =
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime !== undefined;

it.skipIf(!usesGlibc)('returns memory that was freed to the system (needs glibc)', () => {
  const fixture = fileURLToPath(new URL('./free-memory.fixture.mjs', import.meta.url));
  const printed = execFileSync(process.execPath, ['--expose-gc', fixture], { encoding: 'utf8' });
  const { before, after } = JSON.parse(printed) as { before: number; after: number };
  // Of 200 MB.
  expect(before - after).toBeGreaterThan(100e6);
});
