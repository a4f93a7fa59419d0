/** Odd files in the places of what a user names, and outputs that cannot be written, through the real command line. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type Ended, main, startChorus, startProgram } from './commands/chorus.fixture.ts';

let folder: string;
let trained: Ended;
const at = (name: string) => join(folder, name);

const run = (program: string, parameters: string[]) => startProgram(folder, [program, ...parameters]).ended;
const chorus = (...words: string[]) => startChorus(folder, words).ended;
const evaluate = ['evaluate', '--data', 'shapes', '--workers', 'cpu:0'];
/** The standard error of `evaluate`; on a slow machine, it also reports its progress. */
const withoutProgress = (stderr: string) => stderr.replaceAll(/^(decoded|compared|predicted) .*\n/gm, '');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-odd-'));
  const experiment = {
    inputSize: 32,
    data: { source: 'shapes', limitPerClass: 20 },
    weights: 'random',
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    recipe: { whole: { epochCount: 2 } },
    runtime: { compile: false },
  };
  await writeFile(at('small.json'), JSON.stringify(experiment));
  execFileSync('mkfifo', [at('pipe')]);
  await mkdir(at('folder.h5'));
  await mkdir(at('pipes'));
  execFileSync('mkfifo', [at('pipes/mobilenet_2_5_160_tf_no_top.h5')]);
  await symlink('/dev/zero', at('device.h5'));
  await mkdir(at('run'));
  await symlink('/dev/full', at('run/metrics.jsonl'));
  trained = await run('bash', [
    ...['-c', 'ulimit -n 256; exec "$@"', 'bash', process.execPath, main],
    ...['train', '--config', 'small.json', '--out', 'run', '--workers', 'cpu:0'],
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('30: trains to its end when its metrics cannot be written, and warns once', () => {
  expect(trained).toMatchObject({ exitCode: 0 });
  const warning = `Cannot write to ${at('run/metrics.jsonl')}: no space left on the disk. The run continues`;
  expect((trained.stdout + trained.stderr).split(warning)).toHaveLength(2);
});

it('33: trains with 256 open files, and says at once that it needs as many', async () => {
  expect(trained).toMatchObject({ exitCode: 0 });
  const { exitCode, stdout, stderr } = await run('bash', [
    '-c',
    'ulimit -n 64; exec "$0" "$1"',
    process.execPath,
    main,
  ]);
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'chorus: Expected a limit of at least 256 open files, received 64; raise it (ulimit -n 256).\n',
  });
});

it('reads a bundle that an operating system left its files in', async () => {
  for (const name of ['.DS_Store', 'members/Thumbs.db', '._bundle.json', 'members/desktop.ini'])
    await writeFile(at(`run/bundle/${name}`), '');
  const { exitCode, stderr } = await chorus(...evaluate, '--bundle', 'run/bundle');
  expect(exitCode).toBe(0);
  expect(withoutProgress(stderr)).toBe('');
});

describe('an error in a lane', () => {
  it('about a bundle is a line that names the file, and exit code 2', async () => {
    await cp(at('run/bundle'), at('short'), { recursive: true });
    const weights = at('short/members/wide/1.bin');
    const cut = (await readFile(weights)).subarray(4);
    await writeFile(weights, cut);
    // Sums that fit: whoever made the bundle made it so.
    const digest = createHash('sha256').update(cut).digest('hex');
    const sums = await readFile(at('short/SHA256SUMS'), 'utf8');
    await writeFile(at('short/SHA256SUMS'), sums.replace(/[0-9a-f]{64}(?= {2}members\/wide\/1\.bin)/, digest));
    const { exitCode, stdout, stderr } = await chorus(...evaluate, '--bundle', 'short');
    expect(exitCode).toBe(2);
    // Which images it took, and no figures.
    expect(stdout).toMatch(/^\d+ of 1600 images: .*\n$/);
    expect(withoutProgress(stderr)).toMatch(new RegExp(`^chorus: ${weights}: .*\n$`));
  });
});

// Each kind of file in each place: regular-file.test.ts and sealed-folder.test.ts of packages/storage, prepare.test.ts of orchestration.
describe('what is no regular file', () => {
  const features = (weights: string) => [
    ...['features', '--backbone', 'mobilenet', '--out', 'f.npy', '--device', 'cpu:0', '--weights', weights],
    'small.json',
  ];
  test.each<[string, string[], string]>([
    ['weights of features', features('device.h5'), 'device.h5: a device instead of a regular file'],
    ['a folder of weights', ['train', '--preset', 'mobile', '--data', 'shapes', '--weights', 'pipe'], 'pipe'],
    [
      'a file in a folder of weights',
      ['train', '--config', 'small.json', '--weights', 'pipes', '--out', 'pipes-run'],
      'mobilenet_2_5_160_tf_no_top.h5: a named pipe instead of a regular file',
    ],
    ['an experiment', ['train', '--config', 'folder.h5'], 'folder.h5: a folder instead of a regular file'],
    ['a bundle', ['evaluate', '--bundle', 'pipe', '--data', 'shapes'], 'a part of the path is not a folder'],
  ])('is refused as $0: $2', async (_, parameters, message) => {
    const { exitCode, stderr } = await chorus(...parameters);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^chorus: .*\n$/);
  });

  it('is refused in a bundle', async () => {
    const name = 'members/wide/1.bin';
    await cp(at('run/bundle'), at('bundle'), { recursive: true });
    await unlink(at(`bundle/${name}`));
    execFileSync('mkfifo', [at(`bundle/${name}`)]);
    const { exitCode, stderr } = await chorus('predict', '--bundle', 'bundle', 'small.json');
    await rm(at('bundle'), { recursive: true });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^chorus: .*\n$/);
  });

  it('is refused in a run folder to go on with: experiment.json', async () => {
    await mkdir(at('resumed'));
    execFileSync('mkfifo', [at('resumed/experiment.json')]);
    const { exitCode, stderr } = await chorus('train', '--resume', 'resumed');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/cannot read \S+resumed\/experiment\.json: a named pipe.* regular file\.\n$/);
    const again = await chorus('train', '--config', 'small.json', '--out', 'resumed');
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain('There is already a run in');
  });
});

// More keys and places: resolve.test.ts of packages/orchestration.
it('refuses --set of a key that would change a prototype', async () => {
  const assignment = 'recipe={"__proto__":{"batchSize":4}}';
  const { exitCode, stderr } = await chorus('train', '--config', 'small.json', '--out', 'proto', '--set', assignment);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^ {2}recipe\.__proto__: unknown key/m);
  expect(stderr).not.toContain('    at ');
});

describe('standard output that cannot be written', () => {
  const toFull = (command: string) =>
    run('bash', ['-c', `exec "$0" "$1" ${command} > /dev/full`, process.execPath, main]);

  it('30: on a full disk does not end a run, which says so and leaves its report', async () => {
    const { exitCode, stderr } = await toFull('train --config small.json --out silent --workers cpu:0');
    expect(stderr).toBe(
      'chorus: Cannot write to standard output: no space left on the disk; the rest of its output is lost.\n',
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(await readFile(at('silent/report.json'), 'utf8')).experiment.inputSize).toBe(32);
  });

  it('30: on a full disk is an error of a command whose result goes there', async () => {
    const { exitCode, stderr } = await toFull('devices');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'chorus: Cannot write to standard output: no space left on the disk; the rest of its output is lost.\n',
    });
  });
});
