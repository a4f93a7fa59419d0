/** Each command that writes a file, on a full disk. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main, startProgram } from './commands/chorus.fixture.ts';
import { writeSquare } from './square.fixture.ts';

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

let folder: string;

const run = (program: string, parameters: string[]) => startProgram(folder, [program, ...parameters]).ended;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-full-'));
  await mkdir(join(folder, 'full'));
  await writeSquare(join(folder, 'square.gif'), 90);
  const members = ['wide', 'slim'].map((name) => ({ name, backbone: 'mobilenet', alpha: 0.25 }));
  const data = { source: 'shapes', limitPerClass: 20 };
  const settings = {
    inputSize: 32,
    weights: 'random',
    recipe: { whole: { epochCount: 1 } },
    runtime: { compile: false },
  };
  const experiment = { ...settings, data, members };
  await writeFile(join(folder, 'small.json'), JSON.stringify(experiment));
  const trained = await run(process.execPath, [
    ...[main, 'train', '--config', 'small.json', '--out', 'run', '--workers', 'cpu:0'],
  ]);
  expect(trained).toMatchObject({ exitCode: 0 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.for<[string, string]>([
  ['p.csv', 'predict --bundle run/bundle --workers cpu:0 --csv full/p.csv square.gif'],
  ['p.jsonl', 'predict --bundle run/bundle --workers cpu:0 --jsonl full/p.jsonl square.gif'],
  ['maps', 'predict --bundle run/bundle --workers cpu:0 --explain full/maps square.gif'],
  ['e.csv', 'evaluate --bundle run/bundle --workers cpu:0 --data shapes --csv full/e.csv'],
  ['issues.csv', 'evaluate --bundle run/bundle --workers cpu:0 --data shapes --label-issues full/issues.csv'],
  ['keras', 'export --bundle run/bundle --format keras --out full/keras'],
  ['onnx', 'export --bundle run/bundle --format onnx --out full/onnx'],
  ['small', 'export --bundle run/bundle --format bundle --quantize float16 --out full/small'],
  ['sheet.png', 'augment --out full/sheet.png square.gif'],
  ['pages.html', 'report run run --out full/pages.html'],
  ['chorus.config.ts', 'init full/chorus.config.ts'],
])('30: says in one line that %s does not fit, and leaves nothing: %s', async ([name, words], context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const script = `mount -t tmpfs -o size=16k none full && { dd if=/dev/zero of=full/ballast bs=4k 2>/dev/null; "$@";
    code=$?; ls -A full >&2; exit $code; }`;
  const { exitCode, stderr } = await run('unshare', [
    '-rm',
    'sh',
    '-c',
    script,
    'sh',
    process.execPath,
    main,
    ...words.split(' '),
  ]);
  const lines = stderr.trim().split('\n');
  expect(lines.at(-2)).toMatch(
    new RegExp(
      `^chorus: Cannot write (to )?${join(folder, 'full')}/${name}[^ ]*: no space left on the disk; free some`,
    ),
  );
  expect(lines.at(-1)).toBe('ballast');
  expect(stderr).not.toContain('    at ');
  expect(exitCode).toBe(2);
});
