import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChorus } from './commands/chorus.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-lr-find-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const settings = ['--preset', 'scratch', '--data', 'shapes', '--workers', 'cpu:0'].concat(
  ['inputSize=32', 'data.limitPerClass=60', 'recipe.batchSize=4', 'runtime.compile=false'].flatMap((one) => [
    '--set',
    one,
  ]),
);

describe('chorus lr-find', () => {
  it('prints a table and the values to set, and writes the plot', async () => {
    const words = ['lr-find', ...settings, '--member', 'mobilenet-075', '--steps', '16', '--out', 'found.svg'];
    const { stdout, stderr, exitCode } = await startChorus(folder, words).ended;
    expect(stderr).toContain('mobilenet-075: all layers');
    expect(exitCode).toBe(0);
    const [header, row, , , set] = stdout.split('\n');
    expect(header!.split(/ {2,}/)).toEqual('member,stage,steps,planned,valley,steepest,minimum / 10'.split(','));
    expect(row).toMatch(/^mobilenet-075 +whole +\d+ of 16 +1e-3 /);
    expect(set).toMatch(/^ {2}--set recipe\.whole\.learningRate=\d(\.\d)?(e-\d)?$/);
    expect(await readFile(join(folder, 'found.svg'), 'utf8')).toContain('mobilenet-075, whole');
    expect(await readdir(folder)).toEqual(['found.svg']);
  });

  it.each([
    [
      ['--member', 'none'],
      /^chorus: Unknown member "none"; expected one of: mobilenet-v2, mobilenet, mobilenet-075\.$/m,
    ],
    [['--out', 'plot.png'], /^chorus: Expected a path that ends in \.svg, received ".*plot\.png"\.$/m],
    [['--steps', '20.5'], /^chorus: Expected a whole number of at least 16 steps, received 20\.5\.$/m],
    [['--from', '1e-320'], /^chorus: Expected rates from 1e-37 to 1e\+37, .* received 1e-320 and 1\.$/m],
    [['--from', 'low'], /option '--from <rate>' argument 'low' is invalid\. Expected a number\.$/m],
  ])('refuses %j before any image is read', async (words, message) => {
    const { stderr, exitCode } = await startChorus(folder, ['lr-find', ...settings, ...words]).ended;
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });
});
