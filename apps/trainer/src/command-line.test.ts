import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareRuns, type Finding, listRuns } from '@chorus/orchestration';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { comparison, runTable } from './print/runs.ts';
import { writeSquare } from './square.fixture.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const children: ChildProcess[] = [];
/** What waits for a network that is not there, beside the other tests. */
let offline: Record<'train' | 'download', Promise<Ended>>;
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-cli-'));
  // Two slim members, a few images: seconds.
  const experiment = {
    inputSize: 32,
    data: { source: 'shapes', limitPerClass: 20 },
    weights: 'random',
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    recipe: { whole: { epochCount: 1 } },
    // Compiling takes longer than these few steps; demo.test.ts compiles.
    runtime: { compile: false },
  };
  await writeFile(at('small.json'), JSON.stringify(experiment));
  await writeFile(
    at('long.json'),
    JSON.stringify({ ...experiment, recipe: { whole: { epochCount: 10_000, patience: 10_000 } } }),
  );
  await writeFile(
    at('small.ts'),
    `import { defineConfig } from '@chorus/orchestration';\nconst seed: number = 5;\nexport default defineConfig({ ...${JSON.stringify(experiment)}, seed });\n`,
  );
  offline = {
    train: start(['train', '--data', '.'], withoutNetwork('train-cache')).ended,
    download: start(['download', '--preset', 'mobile'], withoutNetwork('download-cache')).ended,
  };
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

const start = (parameters: string[], environment: NodeJS.ProcessEnv = {}): Started =>
  startProgram(process.execPath, [main, ...parameters], environment);

function startProgram(program: string, parameters: string[], environment: NodeJS.ProcessEnv = {}): Started {
  // A group of its own, as a terminal gives one: a signal reaches parent and child.
  const child = spawn(program, parameters, {
    cwd: folder,
    detached: true,
    env: {
      ...process.env,
      INIT_CWD: folder,
      TURBO_HASH: undefined,
      CHORUS_WORKERS: undefined,
      CHORUS_WEIGHTS: undefined,
      // A page takes a second.
      CHORUS_PAGE: 'off',
      ...environment,
    },
  });
  children.push(child);
  const result: Ended = { exitCode: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    result.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    result.stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((done) => child.on('close', (exitCode) => done({ ...result, exitCode })));
  return { child, ended };
}

/** A proxy that nobody serves: no name is looked up, whatever network this machine has. */
function withoutNetwork(cache: string): NodeJS.ProcessEnv {
  return { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '', CHORUS_CACHE: at(cache) };
}

const chorus = (...parameters: string[]) => start(parameters).ended;

/** The words of a shell that run a command. */
const commandOf = (parameters: readonly string[]) =>
  [process.execPath, main, ...parameters].map((word) => `'${word}'`).join(' ');
const inShell = (text: string) => startProgram('bash', ['-c', text]).ended;

/** Whether `script` is that of util-linux, which other systems do not have. */
const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

/** Runs a command on a terminal of its own. */
const onTerminal = (columns: number, parameters: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  startProgram('script', ['-qec', `stty cols ${columns}; exec ${commandOf(parameters)}`, '/dev/null'], {
    ...{ CI: undefined, TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined },
    ...environment,
  }).ended;

/** Resolves when the output has a text. */
function printed(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  return new Promise((done, failed) => {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes(text)) done();
      });
    child.on('close', () => failed(new Error(`ended without "${text}": ${output}`)));
  });
}

/** Processes of a group. */
function groupOf(child: ChildProcess): string[] {
  try {
    return execFileSync('pgrep', ['-g', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
}

describe('chorus train', () => {
  it('runs an experiment from a file, in plain lines, and ends with a leaderboard, the verdict and the report', async () => {
    const { exitCode, stdout, stderr } = await start(
      ['train', '--config', 'small.json', '--out', 'run', '--workers', 'cpu:1,cpu:2', '--tensorboard'],
      { CHORUS_PAGE: 'on' },
    ).ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('lanes: cpu:1, cpu:2 (as requested); members: wide, slim');
    expect(stdout).toContain('This is a demonstration');
    expect(stdout).toContain(`to watch the run: tensorboard --logdir ${at('run/tensorboard')}\n`);
    expect((await readdir(at('run/tensorboard'))).toSorted()).toEqual(['ensemble', 'slim', 'wide']);
    expect(stdout).toMatch(/wide: all layers, epoch 1: loss \d\.\d{4}/);
    expect(stdout).toMatch(/stack: (mean|weighted|greedy|dense|logistic) .* chosen/);
    // The verdict, and three lines after it.
    expect(stdout).toMatch(/\nThe ensemble \(.*\nreport: .*\nbundle: .*\npage: .*\n$/);
    expect(stdout).toContain(
      `report: ${at('run/report.json')}\nbundle: ${at('run/bundle')}\npage: ${at('run/report.html')}\n`,
    );
    expect(stdout).toMatch(/ {2}best member \*\n/);
    expect(stdout).toContain('* chosen on out-of-fold predictions');
    expect(stdout).toMatch(/\nimplausible labels: \d+ of \d+ training images, \d+ of \d+ test images/);
    expect(stdout).not.toContain('\u001b[');
    const { experiment } = JSON.parse(await readFile(at('run/report.json'), 'utf8'));
    expect(experiment.data.limitPerClass).toBe(20);
  });

  it('writes the page of the run, and writes it again', async () => {
    const page = await readFile(at('run/report.html'), 'utf8');
    expect(page).toMatch(
      /^<!doctype html>\n.*<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/s,
    );
    for (const title of ['Leaderboard', 'Mistakes', 'Members', 'Data', 'Time', 'Provenance'])
      expect(page).toMatch(new RegExp(`<h2 id="[a-z]+">${title}</h2>`));
    for (const title of ['Confusion matrix', 'wide: loss', 'slim: accuracy', 'Lanes'])
      expect(page).toContain(`<h3>${title}</h3>`);
    expect(page).toContain('<img src="data:image/webp;base64,');
    // Any letters occur in pictures.
    expect(page.replaceAll(/base64,[\w+/=]+/g, '')).not.toMatch(/class="missing"|undefined|NaN|<script/);
    const again = await chorus('report', 'run');
    expect(again).toEqual({
      exitCode: 0,
      stdout: `${at('run/report.html')}\n${at('run/MODEL_CARD.md')}\n`,
      stderr: '',
    });
    expect(await readFile(at('run/report.html'), 'utf8')).toBe(page);
  });

  it('evaluates its bundle to the same figures, and predicts', async () => {
    const report = JSON.parse(await readFile(at('run/report.json'), 'utf8'));
    const evaluation = JSON.parse(
      (await chorus('evaluate', '--bundle', 'run/bundle', '--data', 'shapes', '--workers', 'cpu:0', '--json')).stdout,
    );
    const chosen = report.stackers.find((stacker: { chosen: boolean }) => stacker.chosen);
    expect(evaluation.ensemble.test.correct).toBe(chosen.test.correct);
    expect(evaluation.ensemble.test.count).toBe(40);
    const { stdout, stderr, exitCode } = await chorus('predict', '--bundle', 'run/bundle', '--json', 'nowhere.jpg');
    expect(stdout).toBe('');
    expect(stderr).toContain('nowhere.jpg: cannot be read: no such file or folder');
    expect(exitCode).toBe(4);
  });

  it('lists its run, compares it with another one, and removes only what --yes is for', async () => {
    const runs = await listRuns(folder);
    const run = runs.find(({ name }) => name === 'run')!;
    expect(run).toMatchObject({ preset: 'none', state: 'finished', accuracy: expect.any(Number) });
    expect(runTable([run])).toMatch(
      /^run +preset +started +state +accuracy +size\nrun +none +\d{4}-\d\d-\d\d \d\d:\d\d +finished +\d+\.\d % +\d+\.\d MB$/,
    );
    await cp(at('run'), at('copy'), { recursive: true });
    const start = JSON.parse(await readFile(at('copy/experiment.json'), 'utf8'));
    start.experiment.recipe.batchSize = 8;
    await writeFile(at('copy/experiment.json'), JSON.stringify(start));
    const text = comparison(await compareRuns([at('run'), at('copy')]));
    expect(text).toMatch(/^A: run\nB: copy\n\naccuracy +A +B$/m);
    expect(text).toMatch(/^wide +(\d+\.\d %) +\1$/m);
    expect(text).toMatch(/^stack: \S+ +(\d+\.\d % \*) +\1$/m);
    expect(text).toMatch(/\n\nexperiment +A +B\nrecipe\.batchSize +32 +8$/);
    expect(comparison(await compareRuns([at('run'), at('run')]))).toContain('the experiments are equal');

    const said = await chorus('runs', 'clean', 'copy');
    expect(said).toMatchObject({ exitCode: 0, stderr: '' });
    expect(said.stdout).toMatch(/^copy .*\n1 run, .* MB; nothing was removed: add --yes to remove it\n$/m);
    expect((await chorus('runs', 'clean', 'copy', '--yes')).exitCode).toBe(0);
    expect(existsSync(at('copy'))).toBe(false);
    expect((await chorus('runs', 'clean', 'run/bundle', '--yes')).stderr).toMatch(/run\/bundle is not a run folder: /);
    expect(existsSync(at('run/bundle'))).toBe(true);
  });

  it('13: refuses a bundle with another number of classes than its models, with exit code 2', async () => {
    await cp(at('run/bundle'), at('other-classes'), { recursive: true });
    const manifest = JSON.parse(await readFile(at('other-classes/bundle.json'), 'utf8'));
    const changed = JSON.stringify({ ...manifest, classes: [...manifest.classes, 'third'] });
    await writeFile(at('other-classes/bundle.json'), changed);
    const sums = await readFile(at('other-classes/SHA256SUMS'), 'utf8');
    const sum = createHash('sha256').update(changed).digest('hex');
    await writeFile(at('other-classes/SHA256SUMS'), sums.replace(/^\S+(?= {2}bundle\.json$)/m, sum));
    const { exitCode, stderr } = await chorus('evaluate', '--bundle', 'other-classes', '--data', 'shapes');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^chorus: \S+other-classes\/bundle\.json is not a bundle: every model must have the classes of the bundle/,
    );
  });

  it('exports its bundle, beside it or elsewhere, and over nothing else', async () => {
    const { exitCode, stdout, stderr } = await chorus('export', '--bundle', 'run/bundle', '--format', 'keras');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const exported = at('run/export-keras');
    for (const line of [
      `: ${exported}/tfjs/ensemble/model.json`,
      `wide: ${exported}/keras/weights/wide/1.weights.h5`,
      `how to load them: ${exported}/README.md`,
    ])
      expect(stdout).toContain(line);
    const refused = await chorus('export', '--bundle', 'run/bundle', '--format', 'tfjs', '--out', 'run');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(
      /^chorus: Expected nothing or an earlier export at .*; name another place with --out\.$/m,
    );
  });

  it('writes its bundle again with smaller weights', async () => {
    const { exitCode, stdout, stderr } = await chorus(
      ...['export', '--bundle', 'run/bundle', '--format', 'bundle', '--quantize', 'int8'],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^bundle: .*run\/bundle-int8 \(weights: [\d.]+ MB instead of [\d.]+ MB\)$/m);
    expect(existsSync(at('run/bundle-int8/SHA256SUMS'))).toBe(true);
    await writeSquare(at('squares/1.png'), 40);
    const integers = await chorus(
      ...['export', '--bundle', 'run/bundle', '--format', 'bundle', '--quantize', 'int8', '--images', 'squares'],
    );
    expect({ exitCode: integers.exitCode, stderr: integers.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(integers.stdout).toContain('onnxruntime computes with 8-bit integers, in ranges measured on 1 image\n');
    expect(await readFile(at('run/bundle-int8/bundle.json'), 'utf8')).toContain('"ranges"');
    for (const [parameters, message] of [
      [['--format', 'bundle'], '--format bundle needs --quantize float16 or --quantize int8'],
      [['--format', 'tfjs', '--quantize', 'int8'], '--quantize is for --format bundle, received --format tfjs.'],
      [['--format', 'onnx', '--images', 'squares'], '--images is for --format bundle, received --format onnx.'],
      [
        ['--format', 'bundle', '--quantize', 'float16', '--images', 'squares'],
        'Images are for weights of type int8, received float16.',
      ],
      [['--format', 'coreml'], 'Unknown format "coreml"; expected one of: keras, tfjs, onnx, bundle.'],
      [
        ['--format', 'tflite'],
        '--format tflite: use --format keras, then, in its folder: python keras/members.py tflite FILE.tflite',
      ],
      [
        ['--format', 'savedmodel'],
        '--format savedmodel: use --format keras, then, in its folder: python keras/members.py savedmodel FOLDER',
      ],
      [['--format', 'student'], '--format student: add --student to another format, such as --format onnx --student.'],
      [['--format', 'constructor'], 'Unknown format "constructor"; expected one of: keras, tfjs, onnx, bundle.'],
    ] as const) {
      const refused = await chorus('export', '--bundle', 'run/bundle', ...parameters);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(`chorus: ${message}`);
    }
  });

  it('reads experiments in TypeScript, and lets --set and --workers win', async () => {
    const parameters = [
      '--config',
      'small.ts',
      '--out',
      'typed',
      '--set',
      'seed=9',
      '--set',
      'recipe.batchSize=16',
      '--workers',
      'cpu:0',
    ];
    expect((await chorus('train', ...parameters)).exitCode).toBe(0);
    const { experiment, members } = JSON.parse(await readFile(at('typed/report.json'), 'utf8'));
    expect(experiment).toMatchObject({ seed: 9, recipe: { batchSize: 16 }, workers: [{ device: 'cpu:0' }] });
    expect(members.map((member: { trainings: { device: string }[] }) => member.trainings[0]!.device)).toEqual([
      'cpu:0',
      'cpu:0',
    ]);
  });

  it('47: stops at a batch edge on Ctrl-C, leaves no process, exits 130, and goes on with --resume', async () => {
    const { child, ended } = start(['train', '--config', 'long.json', '--out', 'stopped', '--workers', 'cpu:0']);
    await printed(child, 'epoch 2');
    process.kill(-child.pid!, 'SIGINT');
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`resume it with --resume ${at('stopped')}`);
    expect(groupOf(child)).toEqual([]);
    const again = start(['train', '--resume', 'stopped']);
    await printed(again.child, 'wide: started on cpu:0');
    process.kill(-again.child.pid!, 'SIGTERM');
    expect((await again.ended).exitCode).toBe(143);
  });

  it('stops on Ctrl-C while stackers are fitted, and goes on with --resume', async () => {
    const experiment = JSON.parse(await readFile(at('small.json'), 'utf8'));
    // The dense fits end only when they are stopped.
    const stackers = { kinds: ['mean', 'dense'], dense: { epochCount: 10_000, patience: null } };
    const data = { ...experiment.data, limitPerClass: 100 };
    const stacking = { kind: 'holdout', fraction: 0.5 };
    await writeFile(at('stackers.json'), JSON.stringify({ ...experiment, data, stacking, stackers }));
    const run = start(['train', '--config', 'stackers.json', '--out', 'stacking', '--workers', 'cpu:0']);
    await printed(run.child, 'stackers: 1 of 12 fits');
    process.kill(-run.child.pid!, 'SIGINT');
    const { exitCode, stdout, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`resume it with --resume ${at('stacking')}`);
    expect(stdout).not.toContain('chosen on out-of-fold predictions');
    expect(groupOf(run.child)).toEqual([]);
    const again = start(['train', '--resume', 'stacking']);
    await printed(again.child, 'wide: already trained');
    await printed(again.child, 'stackers: 1 of 12 fits');
    process.kill(-again.child.pid!, 'SIGTERM');
    expect((await again.ended).exitCode).toBe(143);
  });

  it('stops on Ctrl-C while the test images are read, and finishes with --resume', async () => {
    const experiment = JSON.parse(await readFile(at('small.json'), 'utf8'));
    const data = { ...experiment.data, limitPerClass: 100 };
    await writeFile(at('tested.json'), JSON.stringify({ ...experiment, data, stackers: { kinds: ['mean'] } }));
    const run = start(['train', '--config', 'tested.json', '--out', 'tested', '--workers', 'cpu:0']);
    await printed(run.child, 'now the test images are read');
    process.kill(-run.child.pid!, 'SIGINT');
    const { exitCode, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`resume it with --resume ${at('tested')}`);
    expect(groupOf(run.child)).toEqual([]);
    const again = await chorus('train', '--resume', 'tested', '--tensorboard');
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('wide: already trained');
  });

  it('45: retries members whose loss is no number any longer, and says so', async () => {
    const { exitCode, stdout } = await chorus(
      ...['train', '--config', 'small.json', '--out', 'retried', '--workers', 'cpu:0'],
      ...['--set', 'recipe.whole.learningRate=1', '--set', 'recipe.whole.weightDecay=10'],
      ...['--set', 'recipe.whole.epochCount=5', '--set', 'recipe.whole.patience=24'],
      // Each step makes the weights several times larger, until they overflow: 40 steps, worth compiling.
      ...['--set', 'recipe.batchSize=4', '--set', 'runtime.compile=true'],
    );
    expect(exitCode).toBe(0);
    const text =
      /the loss( on tune)? became \S+ (in step \d+ of|after) epoch \d+ of stage "whole" at learning rate 1; retried from /;
    for (const member of ['wide', 'slim']) expect(stdout).toMatch(new RegExp(`retried: ${member}: ${text.source}`));
  });

  it('35: refuses a run whose experiment was edited, unless that is forced', async () => {
    await cp(at('retried'), at('edited'), { recursive: true });
    const start = JSON.parse(await readFile(at('edited/experiment.json'), 'utf8'));
    start.experiment.recipe.whole.patience = 23;
    await writeFile(at('edited/experiment.json'), JSON.stringify(start));
    const refused = await chorus('train', '--resume', 'edited');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toBe(
      `chorus: This has changed since the run in ${at('edited')} was started:\n  recipe.whole.patience was 24, is now 23\nRestore it, start a new run, or go on with --force, which the report will say.\n`,
    );
    const forced = await chorus('train', '--resume', 'edited', '--force');
    expect(forced.exitCode).toBe(0);
    expect(forced.stdout).toContain('edited: recipe.whole.patience was 24, is now 23');
    expect(forced.stdout).toContain('trained before that: wide (member.stages.0.stopping.patience was 24, is now 23)');
    expect(await chorus('train', '--force', '--out', 'new')).toMatchObject({ exitCode: 2 });
  });

  it('47: ends at once on a second Ctrl-C', async () => {
    const { child, ended } = start(['train', '--config', 'long.json', '--out', 'twice', '--workers', 'cpu:0']);
    await printed(child, 'epoch 1');
    process.kill(-child.pid!, 'SIGINT');
    process.kill(child.pid!, 'SIGINT');
    expect((await ended).exitCode).toBe(130);
    expect(groupOf(child)).toEqual([]);
  });

  it('does not outlive a parent that was killed', async () => {
    const { child, ended } = start(['train', '--config', 'long.json', '--out', 'orphan', '--workers', 'cpu:0']);
    await printed(child, 'epoch 1');
    child.kill('SIGKILL');
    // `close` waits for the last process that holds the pipes.
    await ended;
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 60_000 });
  });

  it('46: exits with 5 when one of two members is left, and still writes the report', async () => {
    await mkdir(at('one-left/members'), { recursive: true });
    // A file in the place of the member's folder.
    await writeFile(at('one-left/members/wide'), '');
    const { exitCode, stderr } = await chorus(
      ...['train', '--config', 'small.json', '--out', 'one-left', '--workers', 'cpu:0'],
    );
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^chorus: 1 of 2 members finished, but at least 2 are required: wide: Cannot write /);
    expect(stderr).toMatch(new RegExp(`The report is ${at('one-left/report.json')}\\.\n$`));
    const { members } = JSON.parse(await readFile(at('one-left/report.json'), 'utf8'));
    expect(members.map(({ status }: { status: string }) => status)).toEqual(['failed', 'done']);
  });

  it('48: goes on when the reader of its output leaves, as head does', async () => {
    const words = ['train', '--config', 'small.json', '--out', 'piped', '--workers', 'cpu:0'];
    const { exitCode, stdout, stderr } = await inShell(`${commandOf(words)} | head -n 1; exit "\${PIPESTATUS[0]}"`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(existsSync(at('piped/report.json'))).toBe(true);
  });

  it('48: prints plain lines on a terminal of 20 columns', async (context) => {
    context.skip(!hasTerminals, 'script of util-linux is missing on this machine');
    const words = ['train', '--config', 'small.json', '--dry-run', '--workers', 'cpu:0'];
    const { exitCode, stdout } = await onTerminal(20, words);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('decoded 80 of 80 images\r\n');
    expect(stdout).not.toContain('\u001b');
  });

  it('48: shows bars on a wide terminal, without colors if NO_COLOR is set', async (context) => {
    context.skip(!hasTerminals, 'script of util-linux is missing on this machine');
    const words = ['train', '--config', 'small.json', '--out', 'terminal', '--workers', 'cpu:0'];
    const { exitCode, stdout } = await onTerminal(80, words, { NO_COLOR: '1' });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('✔ stack and test  chosen: ');
    const sequences = stdout.split('\u001b[').slice(1);
    expect(sequences).not.toHaveLength(0);
    // Those of colors end with m.
    expect(sequences.filter((sequence) => /^[\d;]*m/.test(sequence))).toEqual([]);
  });

  it('43: refuses a device that is named twice', async () => {
    const { exitCode, stderr } = await chorus('train', '--config', 'small.json', '--workers', 'cpu:0,cpu:0');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('workers.1.device: expected a device that no other worker has (received "cpu:0")');
  });

  it('43: takes CHORUS_WORKERS, and refuses a device that is not there before it reads an image', async () => {
    const { exitCode, stdout, stderr } = await start(['train', '--config', 'small.json', '--out', 'none'], {
      CHORUS_WORKERS: 'gpu:7',
    }).ended;
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^chorus: There is no device gpu:7; this machine has cpu:0\S*\n$/);
    expect(stdout).not.toContain('decoded');
    expect(await readdir(folder)).not.toContain('none');
  });

  test.each<[string, string[], number, RegExp]>([
    ['an unknown option', ['train', '--presett', 'mobile'], 2, /Did you mean --preset\?/],
    ['an unknown command', ['trian'], 2, /Did you mean train\?/],
    ['an unknown preset', ['train', '--preset', 'huge'], 2, /Unknown preset "huge"; expected one of: article/],
    [
      'an unknown key',
      ['train', '--set', 'recipe.batchsize=4'],
      2,
      /recipe\.batchsize: unknown key; did you mean "batchSize"\?/,
    ],
    [
      'a file that is not there',
      ['train', '--config', 'none.json'],
      2,
      /Cannot read the config file .*none\.json: no such file or folder\.$/m,
    ],
    [
      'weights without data',
      ['train', '--weights', 'random', '--preset', 'mobile'],
      2,
      /Preset mobile needs images; name a folder with --data DIR, or --data shapes or --data cats-and-dogs\./,
    ],
    [
      'data that is not there',
      ['train', '--data', 'none', '--weights', 'random'],
      4,
      /Cannot read the folder of images .*none: no such file or folder/,
    ],
    [
      'a run that is none',
      ['train', '--resume', 'none'],
      2,
      /Expected a run folder, but cannot read .*experiment\.json: no such file or folder/,
    ],
    [
      'a folder of runs in place of a run',
      ['train', '--resume', '.'],
      2,
      /Expected a run folder, .* It contains \d+ runs, such as /,
    ],
    [
      'a bundle in place of its run',
      ['train', '--resume', 'run/bundle'],
      2,
      /Expected a run folder, .* Did you mean .*run, which contains bundle\?/,
    ],
    [
      'a bundle that is none',
      ['evaluate', '--bundle', 'none', '--data', 'shapes'],
      2,
      /Expected a folder with SHA256SUMS at .*none/,
    ],
  ])('answers %s in one line, without a stack', async (_, parameters, code, message) => {
    const { exitCode, stderr } = await chorus(...parameters);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });
});

it('11: exits with 4 when there is one class, and says what was expected', async () => {
  await writeSquare(at('one-class/cats/1.png'), 40);
  const { exitCode, stderr } = await chorus('train', '--config', 'small.json', '--data', 'one-class');
  expect(exitCode).toBe(4);
  expect(stderr).toBe(
    `chorus: Expected a folder per class in ${at('one-class')}, at least two, received only "cats".\n`,
  );
});

it('cannot have published weights without a network: says where to put them by hand, and what else there is', async () => {
  const { exitCode, stderr } = await offline.train;
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /^chorus: Could not download https:\/\/\S+\S+\.h5: .*, or put the file at \S+train-cache\/weights\/\S+\.h5; or name a folder of weight files with --weights DIR, or --weights random\.\n$/,
  );
});

it('keeps control characters of odd names off the terminal: in what is skipped, in errors, in predictions', async () => {
  const odd = 'l\u001b[31mk\n2';
  for (const [label, name] of ['plain', odd].entries())
    for (const index of [1, 2, 3, 4, 5])
      await writeSquare(at(`odd/${name}/${index}${odd}.png`), 40 * index, 200 * label);
  await symlink('/etc/hostname', at(`odd/plain/${odd}.png`));
  const settings = ['inputSize=32', 'recipe.whole.epochCount=1', 'runtime.compile=false'].flatMap((one) => [
    '--set',
    one,
  ]);
  settings.push('--weights', 'random', '--workers', 'cpu:0');
  const members = '[{"name":"a","backbone":"mobilenet","alpha":0.25},{"name":"b","backbone":"mobilenet","alpha":0.25}]';
  const trained = await chorus(
    'train',
    '--data',
    'odd',
    '--out',
    'odd-run',
    ...settings,
    '--set',
    `members=${members}`,
  );
  const predicted = await chorus(
    'predict',
    '--bundle',
    'odd-run/bundle',
    '--workers',
    'cpu:0',
    `odd/${odd}/1${odd}.png`,
    `no${odd}`,
  );
  const evaluated = await chorus(
    ...['evaluate', '--bundle', 'odd-run/bundle', '--workers', 'cpu:0', '--data', 'odd', '--all'],
  );
  await rm(at('odd/plain'), { recursive: true });
  const refused = await chorus(
    'train',
    '--data',
    'odd',
    '--out',
    'odd-refused',
    ...settings,
    '--set',
    `members=${members}`,
  );
  expect([trained, predicted, evaluated, refused].map(({ exitCode }) => exitCode)).toEqual([0, 4, 0, 4]);
  for (const { stdout, stderr } of [trained, predicted, evaluated, refused])
    expect(stdout + stderr).not.toContain('\u001b');
  expect(trained.stdout).toContain(
    '1 × link out of the data set (--follow-links follows it): plain/l\\x1b[31mk\\x0a2.png',
  );
  expect(predicted.stdout.split('\n')).toHaveLength(2);
});

it('refuses a class that is a link out of the data, follows it on request, and says what it did not use', async () => {
  for (const [label, place] of ['links/disc', 'links/bar', 'elsewhere/peak'].entries())
    for (const index of [1, 2, 3, 4, 5]) await writeSquare(at(`${place}/${index}.gif`), 40 * index, 100 * label);
  await symlink('../elsewhere/peak', at('links/peak'));
  for (const name of ['README.md', 'bar/labels.csv', '.DS_Store', 'bar/Thumbs.db'])
    await writeFile(at(`links/${name}`), 'a text');
  const parameters = ['--config', 'small.json', '--workers', 'cpu:0', '--data', 'links', '--out', 'links-run'];
  const refused = await chorus('train', ...parameters);
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toMatch(
    /^chorus: Expected a class folder at .*links\/peak, .* follow it with --follow-links/m,
  );
  await rm(at('links-run'), { recursive: true, force: true });
  const followed = await chorus('train', ...parameters, '--follow-links');
  expect({ exitCode: followed.exitCode, stderr: followed.stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(followed.stdout).toContain('links: bar, disc, peak; ');
  // At the end, too.
  const end = followed.stdout.slice(followed.stdout.indexOf('log loss'));
  expect(end).toContain('not used: 2 entries; all are listed in dataset.skipped of the report\n');
  expect(end).toContain(
    '  2 × not an image: README.md, bar/labels.csv\nhidden: 2 entries (.DS_Store, bar/Thumbs.db)\n',
  );
  const { dataset } = JSON.parse(await readFile(at('links-run/report.json'), 'utf8'));
  expect(dataset).toMatchObject({ skipped: { length: 2 }, hidden: { count: 2 }, classes: ['bar', 'disc', 'peak'] });
  const evaluate = ['evaluate', '--bundle', 'links-run/bundle', '--workers', 'cpu:0', '--data', 'links', '--all'];
  const codes = await Promise.all([evaluate, [...evaluate, '--follow-links']].map((words) => chorus(...words)));
  expect(codes.map(({ exitCode }) => exitCode)).toEqual([4, 0]);
});

it('names both readings of a folder and the option that chooses one', async () => {
  for (const [label, place] of ['ways/bus', 'ways/train'].entries())
    for (const index of [1, 2, 3, 4, 5]) await writeSquare(at(`${place}/${index}.gif`), 40 * index, 200 * label);
  const parameters = ['--config', 'small.json', '--workers', 'cpu:0', '--data', 'ways', '--out', 'ways-run'];
  const refused = await chorus('train', ...parameters);
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toMatch(
    /can be read in two ways.* set data\.layout to "splits" or "classes"; choose a reading with --layout splits or --layout classes\./,
  );
  await rm(at('ways-run'), { recursive: true, force: true });
  const chosen = await chorus('train', ...parameters, '--layout', 'classes');
  expect(chosen.stdout).toContain('ways: bus, train; ');
  expect(chosen.exitCode).toBe(0);
});

it('stops on Ctrl-C while it waits for a download', async () => {
  const { child, ended } = start(['train', '--data', '.'], withoutNetwork('stopped-cache'));
  await printed(child, 'trying again');
  process.kill(-child.pid!, 'SIGINT');
  const { exitCode, stderr } = await ended;
  expect(exitCode).toBe(130);
  expect(stderr).toBe('chorus: The run was stopped.\n');
});

/** Kills the process that does the work. */
function killWorking(child: ChildProcess): void {
  for (const processId of groupOf(child))
    if (Number(processId) !== child.pid) process.kill(Number(processId), 'SIGKILL');
}

it('41: says so when something else kills it', async () => {
  const { child, ended } = start(['download', '--preset', 'mobile'], withoutNetwork('killed-download-cache'));
  await printed(child, 'trying again');
  killWorking(child);
  const { exitCode, stderr } = await ended;
  expect(exitCode).toBe(137);
  expect(stderr.endsWith('The command was terminated by SIGKILL.\n')).toBe(true);
});

it('41: starts a run that is killed before it has a folder again with the same words, at most twice', async () => {
  const { child, ended } = start(['train', '--data', '.'], withoutNetwork('killed-train-cache'));
  for (let count = 1; count <= 3; count += 1) {
    await printed(child, 'trying again');
    killWorking(child);
  }
  const { exitCode, stderr } = await ended;
  expect(exitCode).toBe(137);
  const message =
    'chorus: The training process was killed (SIGKILL), most likely because the system ran out of memory. ';
  expect(stderr.split(message)).toHaveLength(4);
  expect(stderr).toContain('chorus: It is restarted (restart 2 of at most 2).\n');
  expect(stderr).toMatch(
    /chorus: It has been restarted 2 times and is not restarted again\.\nchorus: The run has ended; .*\n$/,
  );
});

it.each([
  [
    'by itself as many threads as processors, and no fewer than libuv has',
    undefined,
    `${Math.max(availableParallelism(), 4)}`,
  ],
  ['what the user says', '7', '7'],
])('gives the pool that decodes %s', async (_, named, expected) => {
  const telling = 'data:text/javascript,console.error(`pool:`+process.env.UV_THREADPOOL_SIZE)';
  const environment = { NODE_OPTIONS: `--import=${telling}`, UV_THREADPOOL_SIZE: named };
  const { stderr } = await start(['--help'], environment).ended;
  // The parent, then the command.
  expect(stderr.trim().split('\n')).toEqual([`pool:${named}`, `pool:${expected}`]);
});

it('prints the first of several errors that no caller can catch, with its stack', async () => {
  const throwing = `if (process.send) {
    const waiting = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return;
      clearInterval(waiting);
      setImmediate(() => { throw new Error('the second'); });
      throw new Error('the first');
    }, 1);
  }`;
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(throwing)}` };
  const { exitCode, stderr } = await start(['doctor'], environment).ended;
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Error: the first\n {4}at /);
  expect(stderr).not.toContain('the second');
});

describe('chorus features', () => {
  const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
  const settings = ['--backbone', 'mobilenet', '--alpha', '0.25', '--size', '32', '--device', 'cpu:0'];
  const weights = join(shared, 'pretrained/mobilenet_2_5_128_tf_no_top.h5');

  it.skipIf(!existsSync(shared))('writes a row for each file, from where the user stands (../shared)', async () => {
    await symlink(weights, at('weights.h5'));
    for (const name of ['cat.4001.jpg', 'cat.4002.jpg'])
      await symlink(join(shared, 'cats-vs-dogs/validation/cats', name), at(name));
    const named = [...settings, '--weights', 'weights.h5', '--out', 'new/f.npy', 'cat.4001.jpg', 'cat.4002.jpg'];
    expect(await chorus('features', ...named)).toEqual({
      exitCode: 0,
      stdout: `${at('new/f.npy')}: [2, 256], float32\n`,
      stderr: 'features of 2 of 2 images\n',
    });
    const bytes = await readFile(at('new/f.npy'));
    expect(bytes).toHaveLength(128 + 2 * 256 * 4);
    const { exitCode, stdout, stderr } = await chorus('features', ...named, 'nowhere.jpg');
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
    expect(stderr).toMatch(
      /^chorus: Cannot compute the features of 1 of 3 images: \S+nowhere\.jpg \(cannot be read: .*\)/m,
    );
    expect(await readFile(at('new/f.npy'))).toEqual(bytes);
  });

  it('asks for files', async () => {
    const { exitCode, stderr } = await chorus('features', ...settings, '--weights', 'f.h5', '--out', 'f.npy');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("missing required argument 'file'");
  });
});

describe('chorus augment', () => {
  it('writes a contact sheet, from where the user stands', async () => {
    await writeSquare(at('augmented.png'), 40);
    expect(
      await chorus(
        'augment',
        '--out',
        'sheet.png',
        '--size',
        '32',
        '--epochs',
        '2',
        '--augmentation',
        '{"rotation": 20}',
        'augmented.png',
      ),
    ).toEqual({ exitCode: 0, stdout: `${at('sheet.png')}: 112 × 40 pixels\n`, stderr: '' });
    expect((await readFile(at('sheet.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it.each([
    ['an unknown augmentation', ['--augmentation', 'strong'], /^chorus: Invalid augmentation: .*received "strong"/],
    [
      'a setting that does not exist',
      ['--augmentation', '{"rotate":3}'],
      /^chorus: Invalid augmentation\.rotate: unknown key/,
    ],
    [
      'a size that is no number',
      ['--size', 'big'],
      /^chorus: Invalid inputSize: expected a whole number from 32 to 1024 \(received NaN\)/,
    ],
  ])('refuses %s', async (_, flags, message) => {
    const { exitCode, stdout, stderr } = await chorus('augment', '--out', 'none.png', ...flags, 'augmented.png');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('the other commands', () => {
  it('cleans the kept features only with --yes', async () => {
    const features = at('full-cache/features');
    await mkdir(features, { recursive: true });
    await writeFile(join(features, 'a.f32'), new Uint8Array(2_500_000));
    const environment = { CHORUS_CACHE: at('full-cache') };
    const preview = await start(['clean'], environment).ended;
    expect(preview.stdout).toBe(
      `would remove the features of 1 backbone (2.5 MB) from ${features}; add --yes to remove them\n`,
    );
    const removed = await start(['clean', '--yes'], environment).ended;
    expect(removed.stdout).toBe(`removed the features of 1 backbone (2.5 MB) from ${features}\n`);
    expect((await start(['clean'], environment).ended).stdout).toBe(`no features in ${features}\n`);
  });

  it('cleans what killed commands have left in the cache, and not what live ones write', async () => {
    const cache = at('left-cache');
    // No process has this id: Linux has at most 2 ** 22 of them.
    const [left, live] = [`.x.tmp-${2 ** 30}-00000000`, `.x.tmp-${process.pid}-00000000`];
    for (const name of [left, live]) await mkdir(join(cache, 'binding', name), { recursive: true });
    await writeFile(join(cache, 'binding', left, 'half'), new Uint8Array(2_500_000));
    const what = `1 unfinished file or folder of killed commands (2.5 MB) from ${cache}`;
    const preview = await start(['clean'], { CHORUS_CACHE: cache }).ended;
    expect(preview.stdout).toContain(`would remove ${what}; add --yes to remove them\n`);
    expect(await readdir(join(cache, 'binding'))).toHaveLength(2);
    const removed = await start(['clean', '--yes'], { CHORUS_CACHE: cache }).ended;
    expect(removed.stdout).toContain(`removed ${what}\n`);
    expect(await readdir(join(cache, 'binding'))).toEqual([live]);
  });

  it('lists devices', async () => {
    const { exitCode, stdout } = await chorus('devices', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)[0]).toEqual({ name: 'cpu:0', kind: 'CPU' });
  });

  it('says what is missing and how to get it, and for each preset what it lacks here, with the command that fixes it', async () => {
    const weights = fileURLToPath(new URL('../../../../shared/data/pretrained/', import.meta.url));
    const environment = { CHORUS_CACHE: at('empty-cache'), CHORUS_WEIGHTS: existsSync(weights) ? weights : undefined };
    const { stdout } = await start(['doctor', '--json'], environment).ended;
    const findings: (Omit<Finding, 'fix'> & { fix?: string })[] = JSON.parse(stdout);
    const of = (preset: string, what: string) => findings.find((one) => one.preset === preset && one.what === what);
    for (const preset of ['article', 'full', 'cpu', 'mobile', 'scratch', 'demo'])
      for (const what of ['weights', 'data', 'memory']) expect(of(preset, what)).toBeDefined();
    expect(of('demo', 'weights')).toMatchObject({ ok: true });
    expect(of('article', 'data')).toMatchObject({ ok: false, fix: 'pnpm chorus download --preset article' });
    expect(of('article', 'GPU')).toBeDefined();
    expect(of('full', 'GPU')).toBeDefined();
    expect(of('cpu', 'GPU')).toBeUndefined();
    expect(of('full', 'weights')).toMatchObject({ ok: false, detail: expect.stringContaining('inception') });
    for (const preset of ['cpu', 'mobile']) expect(of(preset, 'weights')).toMatchObject({ ok: existsSync(weights) });
    for (const { ok, fix, what } of findings)
      if (!ok && what !== 'disk') expect(fix).toMatch(/^(pnpm|npx|env|sudo|apt)/);
    const { exitCode, stdout: words } = await start(['doctor'], environment).ended;
    expect(exitCode).toBe(2);
    expect(words).toMatch(/missing {2}native runtime: TensorFlow's library in .*\n +fix: pnpm chorus setup/);
    expect(words).toMatch(/ok {6} node: /);
    // Nothing is ready without TensorFlow's library, which this cache does not have.
    expect(words).toMatch(/preset demo: not ready\nok {6} weights: drawn from the seed\n/);
    const demo = await chorus('doctor', '--preset', 'demo');
    expect(demo).toMatchObject({ exitCode: 0, stderr: '' });
    expect(demo.stdout).toMatch(/preset demo: ready\n/);
    expect(demo.stdout.match(/^preset /gm)).toHaveLength(1);
    const without = await chorus('doctor', '--preset', 'mobile', '--weights', 'nowhere');
    expect(without.exitCode).toBe(2);
    expect(without.stdout).toMatch(/missing {2}weights: Cannot read the folder of weight files \S+nowhere: no such/);
    expect(without.stdout).toContain('fix: pnpm chorus train --preset mobile --weights imagenet --data DIR\n');
    expect(words).toMatch(/preset article: not ready\n/);
  });

  it('cannot download without a network, and says where a file can be put by hand', async () => {
    const { exitCode, stderr } = await offline.download;
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^https:\S+: .*; trying again in [\d.]+ s$/m);
    expect(stderr).toMatch(/^chorus: Could not download https:\S+: .*or put the file at \S+download-cache\/weights\//m);
  });

  it('prints its version, and its help where no command is named', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await chorus('--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
    const alone = await chorus();
    expect(alone).toMatchObject({ exitCode: 0, stderr: '' });
    expect(alone.stdout).toMatch(/^Usage: chorus /);
  });
});

it('turbo and a direct call share one cache, wherever the variables put it', async () => {
  const environment = { ...process.env, CHORUS_CACHE: undefined, XDG_CACHE_HOME: at('xdg') };
  const script = "import('@chorus/storage').then(({ cacheFolder }) => console.log(cacheFolder()))";
  const direct = execFileSync('node', ['-e', script], {
    cwd: join(workspace, 'packages/runtime'),
    env: environment,
    encoding: 'utf8',
  });
  expect(direct.trim()).toBe(at('xdg/chorus'));
  const underTurbo = execFileSync(
    'npx',
    ['-y', 'pnpm@12', 'turbo', 'run', 'cache-folder', '--filter=@chorus/runtime', '--output-logs=full'],
    {
      cwd: workspace,
      env: environment,
      encoding: 'utf8',
    },
  );
  expect(underTurbo).toContain(at('xdg/chorus'));
});
