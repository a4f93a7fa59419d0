/** A named pipe without a writer in the place of each file that a command reads: opening it in the usual way would never return. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLivelyBundle } from '../../../packages/orchestration/src/export/lively-bundle.fixture.ts';
import { writeRunFolder } from '../../../packages/report/src/run-folder.fixture.ts';
import { type Ended, startChorus } from './commands/chorus.fixture.ts';

let folder: string;
let runParent: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-pipes-'));
  const run = await writeRunFolder();
  runParent = dirname(run.folder);
  await cp(run.folder, at('run'), { recursive: true });
  await writeLivelyBundle(
    at('bundle'),
    [{ name: 'one', backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 } }],
    {
      ...{ classes: ['cats', 'dogs'], testTimeAugmentation: false, chosen: 'mean' },
    },
  );
  await writeFile(at('shapes.json'), JSON.stringify({ data: { source: 'shapes' }, weights: 'random' }));
  await mkdir(at('weights'));
  await mkdir(at('images/cats'), { recursive: true });
  for (const name of ['pipe', 'pipe.json', 'pipe.ts', 'pipe.jpg', 'weights/pipe.h5', 'images/cats/pipe.jpg'])
    makePipe(at(name));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(runParent, { recursive: true, force: true });
});

function makePipe(path: string): void {
  execFileSync('mkfifo', [path]);
}

/** Runs a command, and kills it if it has not ended in time: its exit code is then null. */
async function chorus(...words: string[]): Promise<Ended> {
  const { child, ended } = startChorus(folder, words);
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const result = await ended;
  clearTimeout(timer);
  return result;
}

/** Puts a pipe in the place of a file in a copy of a folder. */
async function withPipe(original: string, copy: string, file: string): Promise<void> {
  await cp(at(original), at(copy), { recursive: true });
  await putPipe(at(copy, file));
}

async function putPipe(path: string): Promise<void> {
  await rm(path, { force: true });
  makePipe(path);
}

describe('a named pipe', () => {
  it.each<[string, string[], number, RegExp]>([
    [
      'an experiment in JSON',
      ['train', '--config', 'pipe.json'],
      2,
      /pipe\.json: a named pipe instead of a regular file/,
    ],
    ['an experiment in TypeScript', ['check', 'shapes', '--config', 'pipe.ts'], 2, /pipe\.ts: a named pipe instead/],
    [
      'a list of images to leave out',
      ['train', '--config', 'shapes.json', '--set', 'data.exclude=pipe'],
      2,
      /pipe: a named pipe instead/,
    ],
    [
      'weights',
      ['features', '--backbone', 'mobilenet', '--weights', 'weights/pipe.h5', '--out', 'f.npy', 'pipe.jpg'],
      2,
      /pipe\.h5: a named pipe instead/,
    ],
    ['a bundle', ['evaluate', '--bundle', 'pipe', '--data', 'shapes'], 2, /a part of the path is not a folder/],
    ['a token', ['serve', 'bundle', '--token-file', 'pipe'], 2, /pipe: a named pipe instead/],
    [
      'an image to classify',
      ['predict', '--bundle', 'bundle', 'pipe.jpg'],
      4,
      /pipe\.jpg.*a named pipe, not an image/s,
    ],
    ['an image to augment', ['augment', 'pipe.jpg', '--out', 'sheet.png'], 4, /a named pipe, not an image/],
    ['an image of a data set', ['check', 'images'], 4, /a named pipe, not an image|Expected/],
    ['a run', ['report', 'pipe'], 2, /pipe/],
  ])('8: is refused as %s', async (_, words, exitCode, message) => {
    const ended = await chorus(...words);
    expect(ended.stdout + ended.stderr).toMatch(message);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).not.toContain('    at ');
  });

  it.each(['SHA256SUMS', 'bundle.json', 'images.json', 'members/one/1.bin'])(
    'is refused as %s of a bundle',
    async (file) => {
      const copy = `bundle-${file.replaceAll('/', '-')}`;
      await withPipe('bundle', copy, file);
      const { exitCode, stderr } = await chorus('predict', '--bundle', copy, 'pipe.jpg');
      expect(stderr).toMatch(new RegExp(`^chorus: .*${file}.*\n$`));
      expect(exitCode).toBe(2);
    },
  );

  it.each(['SHA256SUMS', 'members/one/1.bin'])('is refused as %s of a bundle to serve', async (file) => {
    const copy = `served-${file.replaceAll('/', '-')}`;
    await withPipe('bundle', copy, file);
    const { exitCode, stderr } = await chorus('serve', copy, '--backend', 'wasm', '--port', '0');
    expect(stderr).toMatch(new RegExp(`^chorus: .*${file}: a named pipe instead of a regular file\\.\n$`));
    expect(exitCode).toBe(2);
  });

  it.each<[string, string[]]>([
    ['report.json', ['report']],
    ['experiment.json', ['runs', 'compare', 'run']],
    ['experiment.json', ['train', '--resume']],
  ])('is refused as %s of a run by %j', async (file, words) => {
    const copy = `run-${words.join('-')}-${file}`;
    await withPipe('run', copy, file);
    const { exitCode, stderr } = await chorus(...words, copy);
    expect(stderr).toMatch(new RegExp(`^chorus: .*${file}.*a named pipe instead of a regular file.*\n$`));
    expect(exitCode).toBe(2);
  });

  it('is named in the report in the place of files that it can do without', async () => {
    const files = ['metrics.jsonl', 'predictions.csv', 'grad-cam.json'];
    await cp(at('run'), at('run-parts'), { recursive: true });
    for (const file of files) await putPipe(at('run-parts', file));
    expect(await chorus('report', 'run-parts')).toMatchObject({ exitCode: 0, stderr: '' });
    const page = await readFile(at('run-parts/report.html'), 'utf8');
    for (const file of files) expect(page).toMatch(new RegExp(`${file}: a named pipe instead of a regular file`));
  });
});
