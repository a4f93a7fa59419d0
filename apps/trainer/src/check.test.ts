import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { durationRange } from './print/check-summary.ts';
import { writeSquare } from './square.fixture.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let folder: string;
const at = (name: string) => join(folder, name);

const members = [
  { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-check-cli-'));
  await writeFile(
    at('small.json'),
    JSON.stringify({
      ...{ inputSize: 32, weights: 'random', members, recipe: { whole: { epochCount: 1 } } },
      runtime: { compile: false },
      // The speed of each lane is measured.
      workers: [{ device: 'cpu:0' }],
    }),
  );
  // The first two of each class are the same pictures.
  for (const [label, name] of ['plain', 'o\u001b[31mdd'].entries())
    for (let index = 0; index < 12; index += 1)
      await writeSquare(at(`photos/${name}/${index}.gif`), 10 + 20 * index, index < 2 ? 100 : 200 * label);
  await writeFile(at('photos/plain/2-broken.gif'), 'GIF89a');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function chorus(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: environment(),
  });
  return { exitCode: status, stdout, stderr };
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    INIT_CWD: folder,
    TURBO_HASH: undefined,
    CHORUS_WORKERS: undefined,
    CHORUS_WEIGHTS: undefined,
  };
}

describe('chorus check', () => {
  it('prints what a run would make of a folder, in 80 columns, and creates nothing', async () => {
    const before = await readdir(folder);
    const { exitCode, stdout } = chorus('check', 'photos', '--config', 'small.json');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('photos: 25 images, 24 usable, in 2 classes\n');
    expect(stdout).toContain('read as: class folders; the test images are drawn\n');
    expect(stdout).toMatch(/^o\\x1b\[31mdd {2,}12 {2,}0 {2,}\d+ {2,}\d$/m);
    expect(stdout).toMatch(/^plain {2,}13 {2,}1 {2,}\d+ {2,}\d$/m);
    expect(stdout).toMatch(/^not used \(1\):\n {2}- damaged: [^-]+: plain\/2-broken\.gif$/m);
    expect(stdout).toContain('one picture, several labels (2):');
    expect(stdout).toContain('class "plain" has 12 images');
    expect(stdout).toMatch(/^experiment \* +(about )?\d+( to \d+)? s /m);
    expect(stdout).toMatch(/^ready, with \d+ warnings\n$/m);
    expect(stdout).not.toContain('\u001b');
    for (const line of stdout.split('\n').filter((one) => !one.includes(folder)))
      expect(line.length).toBeLessThanOrEqual(80);
    expect(await readdir(folder)).toEqual(before);
  });

  it('ends with 4 and all problems at once where train would refuse the images', () => {
    const words = ['check', 'photos', '--config', 'small.json', '--set', 'stacking={"kind":"kfold","folds":15}'];
    const { exitCode, stdout } = chorus(...words, '--weights', 'nowhere');
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/problems: train would refuse this:\n {2}- Cannot read the folder of weight files/);
    expect(stdout).toMatch(/Expected at least 17 images of class/);
    expect(stdout).toMatch(/^not ready: 2 problems$/m);
  });

  it('reports an engine that train would refuse', () => {
    const words = ['check', 'photos', '--config', 'small.json', '--set', 'runtime.forward=onnxruntime'];
    const { status, stdout } = spawnSync(process.execPath, [main, ...words], {
      ...{ cwd: folder, encoding: 'utf8' },
      env: { ...environment(), CHORUS_ONNXRUNTIME: 'none' },
    });
    expect(status).toBe(2);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      '- runtime.forward is onnxruntime, which cannot be used here: CHORUS_ONNXRUNTIME is none.',
    );
  });

  it('stops on Ctrl-C, with 130 and one line', async () => {
    const child = spawn(process.execPath, [main, 'check', 'photos', '--config', 'small.json'], {
      cwd: folder,
      env: environment(),
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (chunk.includes('decoded 25 of 25 images')) child.kill('SIGINT');
    });
    expect(await new Promise((done) => child.on('close', done))).toBe(130);
    expect(stderr).toMatch(/\nchorus: The check was stopped\.\n$/);
  });

  it('takes the named data sets, and prints one JSON object', () => {
    const words = ['check', 'shapes', '--config', 'small.json', '--set', 'data.limitPerClass=30', '--json'];
    const { exitCode, stdout } = chorus(...words);
    expect(exitCode).toBe(0);
    const dataset = { name: 'shapes', found: 120, usable: 120, skipped: [] };
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, exitCode: 0, dataset });
  });

  it('lists every preset for a folder', () => {
    const { stdout } = chorus('check', 'photos', '--weights', 'random', '--preset', 'mobile', '--workers', 'cpu:0');
    for (const row of [/^mobile \* +\d+/m, /^cpu +/m, /^full +/m, /^article +/m, /^demo +/m])
      expect(stdout).toMatch(row);
  });
});

it('has train say the same of small classes and contradicting labels', () => {
  const { exitCode, stdout } = chorus('train', '--config', 'small.json', '--data', 'photos', '--out', 'trained');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('2 under several labels');
  expect(stdout).toMatch(/^warning: class "o\\x1b\[31mdd" has 12 images .*, fewer than 20: /m);
});

describe('train leaves nothing behind', () => {
  test.each<[string, string[], number, RegExp]>([
    ['a typo in --data', ['--data', 'phtos'], 4, /Cannot read the folder of images .*phtos: no such file or folder/],
    [
      'missing weights',
      ['--data', 'photos', '--weights', 'nowhere'],
      2,
      /folder of weight files .*nowhere: no such file or folder/,
    ],
    [
      'too little memory',
      ['--data', 'photos', '--set', 'inputSize=1024', '--set', 'recipe.batchSize=4096'],
      4,
      /this machine has/,
    ],
  ])('of %s', (_, words, code, message) => {
    const { exitCode, stderr } = chorus('train', '--config', 'small.json', ...words);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
    expect(existsSync(at('runs'))).toBe(false);
  });

  /** A user namespace with mounts of its own; some systems allow none. */
  const hasNamespaces = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

  it.skipIf(!hasNamespaces)(
    'of a disk that is too small, found before anything is trained (needs unshare)',
    async () => {
      await mkdir(at('disk'), { recursive: true });
      const script = `mount -t tmpfs -o size=1m none ${at('disk')} && "$@"; code=$?; ls -A ${at('disk')} >&2; exit $code`;
      const on = (command: string, ...words: string[]) =>
        spawnSync(
          'unshare',
          [
            '-rm',
            'bash',
            '-c',
            script,
            'bash',
            process.execPath,
            main,
            command,
            ...words,
            '--config',
            'small.json',
            '--out',
            'disk/runs/one',
          ],
          { cwd: folder, encoding: 'utf8', env: environment() },
        );
      const trained = on('train', '--data', 'photos');
      expect(trained.status).toBe(2);
      expect(trained.stderr).toMatch(
        /^chorus: Not enough disk space at \S+\/disk: the run needs \d+ MB, \d MB are free; free some, or name another place with --out\.\n$/,
      );
      expect(trained.stdout).not.toContain('epoch');
      const checked = on('check', 'photos');
      expect(checked.status).toBe(2);
      expect(checked.stdout).toMatch(/problems: train would refuse this:\n {2}- Not enough disk space at /);
    },
  );
});

test.each<[[number, number], string]>([
  [[1, 3], 'about 5 s'],
  [[22, 51], '20 to 50 s'],
  [[80, 200], '1.5 to 3.5 min'],
  [[1000, 1990], '17 to 33 min'],
  [[5000, 90_000], '1.5 to 25 h'],
])('says %o seconds as %s', (seconds, words) => expect(durationRange(seconds)).toBe(words));
