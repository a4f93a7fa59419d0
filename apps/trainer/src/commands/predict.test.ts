import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChorus } from './chorus.fixture.ts';

let folder: string;
let server: Server;
let origin: string;
/** Called with the path of each address that is asked for, as soon as it may answer. */
let gates: Map<string, Promise<void>>;
const at = (name: string) => join(folder, name);
const names = Array.from({ length: 33 }, (_, index) => `${`${index}`.padStart(2, '0')}.gif`);

/** The smallest image: a GIF of one pixel. */
function pixel(gray: number): Buffer {
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
  gif.fill(gray, 13, 19);
  return gif;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-predict-cli-'));
  const experiment = {
    ...{ inputSize: 32, data: { source: 'shapes', limitPerClass: 40 }, weights: 'random' },
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    recipe: { whole: { epochCount: 1 } },
    runtime: { compile: false },
  };
  await writeFile(at('small.json'), JSON.stringify(experiment));
  await mkdir(at('photos/in'), { recursive: true });
  for (const [index, name] of names.entries()) await writeFile(at(`photos/${name}`), pixel(7 * index));
  await writeFile(at('photos/in/--odd.gif'), pixel(3));
  gates = new Map();
  server = createServer(async (request, response) => {
    await gates.get(request.url!);
    response.end(pixel(9));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { exitCode, stderr } = await chorus('train', '--config', 'small.json', '--out', 'run', '--workers', 'cpu:0');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const chorus = (...words: string[]) => startChorus(folder, words).ended;
const predict = ['predict', '--bundle', 'run/bundle', '--workers', 'cpu:0'];
const photos = names.slice(0, 32).map((name) => `photos/${name}`);
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

/** A path that answers when `open` is called. */
function gate(name: string): { url: string; open(): void } {
  let open = () => {};
  gates.set(
    `/${name}`,
    new Promise((done) => {
      open = done;
    }),
  );
  return { url: `${origin}/${name}`, open: () => open() };
}

describe('chorus predict', () => {
  it('writes heat maps into a new folder', async () => {
    const { exitCode, stderr } = await chorus(...predict, '--explain', 'maps', photos[0]!, photos[1]!);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect((await readdir(at('maps'))).toSorted()).toEqual(['00001-00.gif', '00002-01.gif', 'grad-cam.json']);
    expect((await readdir(at('maps/00001-00.gif'))).toSorted()).toEqual([
      '0-ensemble.webp',
      '1-wide.webp',
      '2-slim.webp',
    ]);
  });

  it('refuses a folder for heat maps that exists, before it writes anything', async () => {
    await mkdir(at('there'));
    const before = await readdir(folder);
    const { exitCode, stderr } = await chorus(...predict, '--csv', 'refused.csv', '--explain', 'there', photos[0]!);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/Expected a new folder for the heat maps, but .*there exists; name another folder\./);
    expect(await readdir(folder)).toEqual(before);
  });

  it('keeps the predictions if the picture of a heat map cannot be drawn', async () => {
    const gone = at('gone.gif');
    await writeFile(gone, pixel(3));
    // Drawing it takes long enough to remove the file after it.
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    await sharp({ create: { width: 3000, height: 3000, channels: 3, background: 'white', noise } })
      .png()
      .toFile(at('slow.png'));
    const files = ['--csv', 'gone.csv', '--explain', 'gone-maps'];
    const { ended } = startChorus(folder, [...predict, ...files, photos[0]!, 'slow.png', 'gone.gif']);
    await expect
      .poll(
        async () =>
          (await readdir(folder, { recursive: true })).filter((name) => /^\..*\.tmp-.*00001-00\.gif$/.test(name)),
        {
          interval: 5,
          timeout: 60_000,
        },
      )
      .not.toEqual([]);
    await rm(gone);
    const { exitCode, stdout, stderr } = await ended;
    expect(stderr).toMatch(
      /gone\.gif: no picture of its heat maps: cannot be read: .*\n.*The heat maps of 1 of 3 images were not drawn\.\n$/,
    );
    expect(exitCode).toBe(4);
    expect(linesOf(stdout)).toHaveLength(3);
    expect(linesOf(await readFile(at('gone.csv'), 'utf8'))).toHaveLength(4);
    expect((await readdir(at('gone-maps'))).toSorted()).toEqual(['00001-00.gif', '00002-slow.png', 'grad-cam.json']);
    expect(JSON.parse(await readFile(at('gone-maps/grad-cam.json'), 'utf8')).images).toHaveLength(3);
  });

  it('prints the first lines before the last image can be read, in the order of its inputs', async () => {
    const last = gate('last.gif');
    const { printed, ended } = startChorus(folder, [...predict, ...photos, last.url]);
    await printed(`${at(photos[31]!)}  `);
    last.open();
    const { exitCode, stdout, stderr } = await ended;
    expect(exitCode).toBe(0);
    expect(linesOf(stdout).map((line) => line.split('  ')[0])).toEqual([...photos.map(at), last.url]);
    for (const line of linesOf(stdout)) expect(line).toMatch(/ {2}(discs|stars) {2}[\d.]+ %$/);
    expect(stderr.replace(/^classified \d+ of 33 images, .*\n/gm, '')).toBe('');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('47: stops on %s, exits with %i, and leaves no file under its name or another', async (signal, code) => {
    const { url } = gate(`never-${signal}.gif`);
    const before = await readdir(folder);
    const files = ['--csv', 'stopped.csv', '--jsonl', 'stopped.jsonl'];
    const { child, printed, ended } = startChorus(folder, [...predict, ...files, ...photos, url]);
    await printed(at(photos[0]!));
    // To the parent alone: it hands the signal on.
    process.kill(child.pid!, signal);
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(code);
    expect(stderr).toContain(`${signal}: stopping (a second signal exits at once)\n`);
    expect(stderr).toMatch(/chorus: Stopped\.\n$/);
    expect(await readdir(folder)).toEqual(before);
  });

  it('ends when nobody reads on', async () => {
    const [second, never] = [gate('second.gif'), gate('never.gif')];
    // Chunks of 32 and of 256.
    const many = Array.from({ length: 255 }, () => photos[0]!);
    const { child, printed, ended } = startChorus(folder, [...predict, ...photos, second.url, ...many, never.url]);
    await printed(at(photos[31]!));
    child.stdout!.destroy();
    second.open();
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr: stderr.replace(/^classified .*\n/gm, '') }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('takes folders, patterns and the standard input, and writes what it prints as files', async () => {
    const words = ['--csv', 'p.csv', '--jsonl', 'p.jsonl', '--json', 'photos', 'photos/{00,01}.gif', '-'];
    const { exitCode, stdout, stderr } = await startChorus(folder, [...predict, ...words], { input: pixel(5) }).ended;
    expect({ exitCode, stderr: stderr.replace(/^classified .*\n/gm, '') }).toEqual({ exitCode: 0, stderr: '' });
    const predictions = linesOf(stdout).map((line) => JSON.parse(line));
    const inFolder = [...names.map((name) => `photos/${name}`), 'photos/in/--odd.gif'];
    expect(predictions.map(({ path }) => path)).toEqual(
      [...inFolder, 'photos/00.gif', 'photos/01.gif'].map(at).concat('-'),
    );
    expect(await readFile(at('p.jsonl'), 'utf8')).toBe(stdout);
    const [header, ...rows] = linesOf(await readFile(at('p.csv'), 'utf8')).map((line) => line.split(','));
    expect(header).toEqual(['path', 'predicted', 'discs', 'stars']);
    expect(
      rows.map(([path, predicted, ...numbers]) => [path, predicted, ...numbers.map(Number).map(Math.fround)]),
    ).toEqual(
      predictions.map(({ path, predicted, probabilities: { discs, stars } }) => [path, predicted, discs, stars]),
    );
  });

  it('shows the most probable classes, or all of them', async () => {
    for (const option of [['--top', '2'], ['--all-probabilities']]) {
      const { stdout } = await chorus(...predict, ...option, '--', photos[0]!);
      const [, first, , second] = /^\S+ {2}(discs|stars) {2}([\d.]+) % {2}(discs|stars) {2}[\d.]+ %\n$/.exec(stdout)!;
      expect(new Set([first, second])).toEqual(new Set(['discs', 'stars']));
    }
    const { exitCode, stderr } = await chorus(...predict, '--top', 'x', photos[0]!);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Expected a whole number of at least 1.');
  });

  it('marks doubtful images and shows prediction sets, by the thresholds of the bundle', async () => {
    const { thresholds } = JSON.parse(await readFile(at('run/bundle/bundle.json'), 'utf8'));
    const doubt = ['--min-accuracy', '0.95', '--coverage', '0.9'];
    const { stdout } = await chorus(...predict, ...doubt, '--json', ...photos);
    const { threshold: answer } = thresholds.answers.find(({ accuracy }: { accuracy: number }) => accuracy === 0.95);
    const { threshold: inSet } = thresholds.sets.find(({ coverage }: { coverage: number }) => coverage === 0.9);
    for (const line of linesOf(stdout)) {
      const { probabilities, accepted, set } = JSON.parse(line);
      expect(accepted).toBe(answer !== null && Math.max(...Object.values<number>(probabilities)) >= answer);
      expect(set.toSorted()).toEqual(['discs', 'stars'].filter((name) => probabilities[name] >= inSet));
    }
    const { threshold: surest } = thresholds.shares.find(({ share }: { share: number }) => share === 0.5);
    const half = await chorus(...predict, '--answered-share', '0.5', '--json', ...photos);
    for (const line of linesOf(half.stdout)) {
      const { probabilities, accepted } = JSON.parse(line);
      expect(accepted).toBe(Math.max(...Object.values<number>(probabilities)) >= surest);
    }
    const { exitCode, stderr } = await chorus(...predict, '--min-accuracy', '0.97', photos[0]!);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^chorus: Expected one of 0\.9, .* as accuracy, received 0\.97\.$/m);
    const text = await chorus(...predict, '--coverage', 'abc', photos[0]!);
    expect(text.exitCode).toBe(2);
    expect(text.stderr).toContain("option '--coverage <share>' argument 'abc' is invalid. Expected a number.");
  });

  it('answers for what it can, lists the rest, and exits 4', async () => {
    await writeFile(at('page.gif'), '<html></html>');
    const { exitCode, stdout, stderr } = await chorus(
      ...predict,
      '--csv',
      'some.csv',
      'page.gif',
      photos[0]!,
      'x*.gif',
    );
    expect(exitCode).toBe(4);
    expect(linesOf(stdout)).toHaveLength(1);
    expect(linesOf(stderr)).toEqual([
      expect.stringMatching(/^chorus: \S+page\.gif: not an image/),
      'chorus: x*.gif: no file matches this name or pattern',
      'chorus: 1 of 3 images were classified; 2 cannot be used.',
    ]);
    expect(linesOf(await readFile(at('some.csv'), 'utf8'))).toHaveLength(2);
    const none = await chorus(...predict, '--csv', 'none.csv', 'page.gif', 'nowhere.gif');
    expect({ exitCode: none.exitCode, stdout: none.stdout }).toEqual({ exitCode: 4, stdout: '' });
    expect(none.stderr).toMatch(/chorus: None of the 2 images could be classified\.\n$/);
    expect(await readdir(folder)).not.toContain('none.csv');
  });
});

describe('chorus evaluate', () => {
  const evaluate = ['evaluate', '--bundle', 'run/bundle', '--workers', 'cpu:0'];

  it('says which images it took, recall per class, confusions, and what the run trained on', async () => {
    const own = await chorus(...evaluate, '--data', 'shapes');
    expect(own.exitCode).toBe(0);
    const [selection, ...rest] = linesOf(own.stdout);
    expect(selection).toMatch(
      /^80 of 1600 images: the run's test share; --all scores all images \(80 that the run trained on, 1440 that/,
    );
    expect(rest.join('\n')).toMatch(/^class +recall +correct\n(discs|stars) +[\d.]+ % +\d+ of 40\n/m);
    expect(rest.join('\n')).toMatch(/confusion of the ensemble .*\n +discs +stars\ndiscs +\d+ +\d+\nstars +\d+ +\d+$/);
  });

  it('takes every new picture, says so, and writes tables', async () => {
    for (const name of ['discs', 'stars']) {
      await mkdir(at(`new/${name}`), { recursive: true });
      for (const [index, file] of names.entries())
        await writeFile(at(`new/${name}/${file}`), pixel(5 * index + (name === 'discs' ? 1 : 2)));
    }
    const { exitCode, stdout } = await chorus(
      ...evaluate,
      '--data',
      'new',
      '--json',
      '--csv',
      'e.csv',
      '--wrong',
      'w.csv',
    );
    expect(exitCode).toBe(0);
    const { selection, predictions, ensemble } = JSON.parse(stdout);
    expect(selection).toMatchObject({ kind: 'unseen', taken: 66, total: 66 });
    expect(predictions).toHaveLength(66);
    expect(ensemble.test.confusion.flat().reduce((sum: number, one: number) => sum + one, 0)).toBe(66);
    expect(linesOf(await readFile(at('e.csv'), 'utf8'))).toHaveLength(67);
    expect(linesOf(await readFile(at('w.csv'), 'utf8'))).toHaveLength(1 + 66 - ensemble.test.correct);
  });

  it.each([[[]], [['--json']], [['--all']]])(
    'exits 4 where nothing can be decoded, without a stack: %j',
    async (more) => {
      for (const name of ['discs', 'stars']) {
        await mkdir(at(`bad/${name}`), { recursive: true });
        for (const index of [0, 1, 2]) await writeFile(at(`bad/${name}/${index}.jpg`), '<html></html>');
      }
      const { exitCode, stderr } = await chorus(...evaluate, '--data', 'bad', ...more);
      expect(exitCode).toBe(4);
      expect(stderr).toMatch(/^skipped: discs\/0\.jpg: not an image/m);
      expect(stderr).toMatch(/^chorus: 6 of 6 images cannot be used, more than 5 %: discs\/0\.jpg \(not an image/m);
      expect(stderr).not.toMatch(/^ +at /m);
    },
  );
});

it.each([
  [...predict, photos[0]!],
  ['evaluate', '--bundle', 'run/bundle', '--workers', 'cpu:0', '--data', 'shapes'],
])('without onnxruntime, %s says once that TensorFlow computes', async (...words) => {
  const environment = { CHORUS_ONNXRUNTIME: 'none' };
  const { exitCode, stderr } = await startChorus(folder, words, { environment }).ended;
  expect(exitCode).toBe(0);
  expect(stderr.split('Forward passes run in TensorFlow: CHORUS_ONNXRUNTIME is none.\n')).toHaveLength(2);
});
