import { join } from 'node:path';
import type { Finding } from '../finding.ts';
import { repository, runProgram } from '../python.ts';

/** By member: what Keras answers when it loads `chorus export`'s files; the test of orchestration that knows how. */
export async function compareExports(python: string): Promise<[string, Finding[]][]> {
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const lines = await runProgram(process.execPath, [vitest, 'run', 'src/export/keras.test.ts', '--no-color'], {
    cwd: join(repository, 'packages/orchestration'),
    env: { ...process.env, CHORUS_KERAS: python },
    // 1 where an answer is above its limit, which the table shows.
    exitCodes: [0, 1],
  });
  const findings = lines.filter((line) => line.startsWith('{"name"'));
  if (findings.length === 0) throw new Error(`No answers of Keras:\n${lines.join('\n')}`);
  return findings.map((line) => {
    const { name, ...finding } = JSON.parse(line) as Finding & { name: string };
    return [name, [finding]];
  });
}
