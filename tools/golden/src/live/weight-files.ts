import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cases, isKerasCase } from '../cases.ts';
import type { Finding } from '../finding.ts';
import { runScript } from '../python.ts';
import { runPackageTest } from './package-test.ts';

/**
 * Reads back weight files of every layout, written by Keras 2 and 3 for every backbone that Keras has, with and without top (4 GB); runs a
 * test of models, which fails at the first difference.
 */
export async function compareWeightFiles(python: string, folder: string): Promise<Finding[]> {
  const [files, description] = [join(folder, 'weight-files'), join(folder, 'cases.json')];
  writeFileSync(description, JSON.stringify(cases.filter(isKerasCase)));
  const written = await runScript(python, 'weight_files.py', [description, files]);
  const test = 'packages/models/src/weights/keras-files.test.ts';
  const { passedCount, complaints } = await runPackageTest(test, { CHORUS_KERAS_FILES: files }, folder);
  const failures = passedCount === 0 && complaints.length === 0 ? ['no test ran'] : complaints;
  const check = `${written.length} weight files read back, failures`;
  return [{ check, worst: failures.length, limit: 0, where: failures.join('; ') }];
}
