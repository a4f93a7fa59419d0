/** Settings that no run can have, through the real command line. All of them: refusals.test.ts of orchestration. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChorus } from './commands/chorus.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-refused-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each<[string, object, RegExp]>([
  ['an unknown key', { recipe: { batchsize: 4 } }, /recipe\.batchsize: unknown key; did you mean "batchSize"\?/],
  ['a wrong type', { inputSize: '160' }, /inputSize: expected a whole number from 32 to 1024 \(received "160"\)/],
  [
    'a learning rate of NaN',
    { recipe: { head: { learningRate: 'NaN' } } },
    /learningRate: expected .*\(received "NaN"\)/,
  ],
  ['a batch of 0', { recipe: { batchSize: 0 } }, /recipe\.batchSize: expected .*\(received 0\)/],
  ['a batch of 1e9', { recipe: { batchSize: 1e9 } }, /recipe\.batchSize: expected .*\(received 1000000000\)/],
])('14: exits with 2 because of %s, before TensorFlow is loaded', async (what, settings, message) => {
  const file = `${what.replaceAll(' ', '-')}.json`;
  await writeFile(join(folder, file), JSON.stringify({ data: { source: 'shapes' }, weights: 'random', ...settings }));
  const words = ['train', '--config', file, '--out', 'run'];
  // Loading it would be another error.
  const environment = { CHORUS_LIBTENSORFLOW: join(folder, 'missing') };
  const { exitCode, stderr } = await startChorus(folder, words, { environment }).ended;
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/missing|^ {4}at /m);
  expect(exitCode).toBe(2);
  expect(await readdir(folder)).not.toContain('run');
});
