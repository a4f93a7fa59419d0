import { join } from 'node:path';
import type { Finding } from '../finding.ts';
import { repository, runProgram, runScript } from '../python.ts';

/**
 * Files of every layout, written by both Keras for every backbone with top and without (3 GB), read back; the test of models
 * that knows how. It ends the comparison where one weight differs.
 */
export async function compareWeightFiles(python: string, folder: string): Promise<Finding[]> {
  await runScript(python, 'weight_files.py', [folder]);
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const lines = await runProgram(process.execPath, [vitest, 'run', 'src/weights/keras-files.test.ts', '--no-color'], {
    cwd: join(repository, 'packages/models'),
    env: { ...process.env, CHORUS_KERAS_FILES: folder },
    exitCodes: [0, 1],
  });
  const hasPassed = lines.some((line) => /Tests +1 passed/.test(line));
  const where = lines.find((line) => line.includes('Error')) ?? 'no test ran';
  return [{ check: 'weight files, differing bits', worst: hasPassed ? 0 : 1, limit: 0, where }];
}
