/** Signals to the parent, as `kill` and service managers send them, to the command's own process, and to both, as terminals do. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const children: ChildProcess[] = [];
/** A proxy that nobody serves. */
const withoutNetwork = ['HTTPS_PROXY=http://127.0.0.1:9', 'NO_PROXY='];
/** pnpm itself may need the network. */
const ownNetwork = { HTTPS_PROXY: process.env.HTTPS_PROXY, NO_PROXY: process.env.NO_PROXY };
const pnpm = ['npx', '-y', 'pnpm@12', 'exec', 'env', ...withoutNetwork, process.execPath, main];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-stop-'));
  await writeFile(join(folder, 'image.png'), '');
});
afterAll(async () => {
  // Those of a test that failed; turbo gives its tasks process groups of their own.
  const left = [...children.flatMap(groupOf), ...processesWith(folder)];
  if (left.length > 0) spawnSync('kill', ['-KILL', ...left]);
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  /** Resolves when standard output or standard error has the text. */
  prints(text: string): Promise<void>;
  /** What it has printed to standard output. */
  printed(): string;
  /** `exitCode`: as a shell reports it. */
  ended: Promise<{ exitCode: number; stderr: string }>;
}

function start(
  parameters: string[],
  environment: NodeJS.ProcessEnv = {},
  [program, ...first]: readonly string[] = [process.execPath, main],
  workingFolder = folder,
): Started {
  const child = spawn(program!, [...first, ...parameters], {
    cwd: workingFolder,
    // A group of its own, so that its processes can be counted.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...{ INIT_CWD: folder, TURBO_HASH: undefined, CHORUS_CACHE: join(folder, 'cache') },
      ...Object.fromEntries(withoutNetwork.map((one) => one.split('='))),
      ...environment,
    },
  });
  children.push(child);
  const texts = { stdout: '', stderr: '' };
  const prints = (text: string) =>
    new Promise<void>((done, failed) => {
      const look = () => void (`${texts.stdout}\n${texts.stderr}`.includes(text) && done());
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
      child.on('close', () => failed(new Error(`ended without "${text}": ${texts.stdout}${texts.stderr}`)));
      look();
    });
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
  // `close` waits for the last process that holds the pipe.
  const ended = new Promise<{ exitCode: number; stderr: string }>((done) =>
    child.on('close', (exitCode, signal) =>
      done({ exitCode: exitCode ?? 128 + constants.signals[signal!], stderr: texts.stderr }),
    ),
  );
  return { child, prints, printed: () => texts.stdout, ended };
}

function groupOf({ pid }: ChildProcess): string[] {
  return processesBy('-g', String(pid));
}

/** Processes with a text in their parameters. */
function processesWith(text: string): string[] {
  return processesBy('-f', text);
}

function processesBy(...criteria: string[]): string[] {
  return spawnSync('pgrep', criteria, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
}

/** The process that a process has started, the one that this has started, and so on. */
function descendantsOf({ pid }: { pid?: number | undefined }): number[] {
  const [next] = processesBy('-P', String(pid)).map(Number);
  return next === undefined ? [] : [next, ...descendantsOf({ pid: next })];
}

/** The process of turbo itself: a script of Node.js has started it, and its tasks have process groups of their own. */
function turboOf(child: ChildProcess): number {
  return Number(processesBy('-n', '-g', String(child.pid), '-f', 'turbo run')[0]);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** All commands, with parameters of which none is written to. */
const commands: readonly (readonly string[])[] = [
  ['init', 'new.config.ts'],
  ['train', '--data', 'shapes', '--weights', 'random'],
  ['check', '--data', 'shapes'],
  ['lr-find', '--data', 'shapes'],
  ['evaluate', '--bundle', 'b', '--data', 'shapes'],
  ['predict', '--bundle', 'b', 'image.png'],
  ['serve', 'b'],
  ['studio'],
  ['features', '--backbone', 'mobilenet', '--weights', 'w.h5', '--out', 'f.npy', 'image.png'],
  ['augment', '--out', 'sheet.png', 'image.png'],
  ['export', '--bundle', 'b', '--format', 'tfjs'],
  ['report', 'run'],
  ['runs'],
  ['clean'],
  ['download', '--preset', 'mobile'],
  ['devices'],
  ['doctor'],
  ['setup'],
];

function commandNamed(name: string): readonly string[] {
  return commands.find(([one]) => one === name)!;
}

const places = {
  'its parent': (child: ChildProcess) => child.pid!,
  'its own process': (child: ChildProcess) => Number(groupOf(child).find((one) => Number(one) !== child.pid)),
  'its process group': (child: ChildProcess) => -child.pid!,
} as const;

/** Preloads a program into the child of a command. */
function preloading(program: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`if (process.send) { ${program} }`)}` };
}

/** Holds the child's main thread for ever, as a call into TensorFlow holds it for seconds. */
const block = "process.stderr.write('blocked'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";

/** A program that starts another one once a command listens to its parent and to signals, before it does its work. */
function onceListening(program: string): string {
  return `process.on('newListener', (name) => { if (name === 'disconnect') process.nextTick(() => { ${program} }); });`;
}

it('these are all commands', () => {
  const { stdout } = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  const names = stdout.slice(stdout.indexOf('Commands:')).match(/(?<=^ {2})[a-z-]+/gm)!;
  expect(commands.map(([name]) => name).toSorted()).toEqual(names.filter((name) => name !== 'help').toSorted());
});

// These wait most of the time.
describe.concurrent('a command whose thread is busy', () => {
  test.each(commands.map((words, index) => [words[0]!, signals[index % signals.length]!, words] as const))(
    '47: %s is killed a second after %s to its parent',
    async (_, signal, words) => {
      const { child, prints, ended } = start([...words], preloading(block));
      await prints('blocked');
      child.kill(signal);
      expect((await ended).exitCode).toBe(exitCodes[signal]);
      expect(groupOf(child)).toEqual([]);
    },
  );

  it('47: ends at once on the second signal', async () => {
    const { child, prints, ended } = start(['doctor'], preloading(block));
    await prints('blocked');
    // Two threads may handle them at the same time, in either order.
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect((await ended).exitCode).toBeOneOf([130, 143]);
    expect(groupOf(child)).toEqual([]);
  });

  it('47: does not outlive a parent that was killed, although its main thread is held', async () => {
    const { child, prints } = start(['doctor'], preloading(onceListening(block)));
    await prints('blocked');
    child.kill('SIGKILL');
    // After 10 seconds, with as many again for a busy machine.
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 20_000 });
  });

  it('47: does not outlive a parent that was killed, although another thread is inside a native call', async () => {
    const call = "spawnSync('sh', ['-c', 'while kill -0 $PPID; do sleep 0.1; done'])";
    const thread = `require('node:worker_threads').parentPort.postMessage(''); require('node:child_process').${call};`;
    const program = `const { Worker } = await import('node:worker_threads'); new Worker(${JSON.stringify(thread)}, { eval: true, env: {}, execArgv: [] }).on('message', () => process.stderr.write('blocked'));`;
    const { child, prints } = start(['download', '--preset', 'mobile'], preloading(program));
    await Promise.all(['blocked', 'trying again'].map(prints));
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 20_000 });
  });
});

describe('a command that waits', () => {
  test.each(
    signals.flatMap((signal) =>
      (Object.keys(places) as (keyof typeof places)[]).map((place) => [signal, place] as const),
    ),
  )('47: ends on %s to %s, with the exit code of the signal, and releases its locks', async (signal, place) => {
    const { child, prints, ended } = start(['download', '--preset', 'mobile']);
    await prints('trying again');
    process.kill(places[place](child), signal);
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(exitCodes[signal]);
    expect(stderr).not.toContain('    at ');
    expect(groupOf(child)).toEqual([]);
    expect((await readdir(join(folder, 'cache/weights'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test.each(signals)('47: ends on %s through pnpm', async (signal) => {
    const { child, prints, ended } = start(['download', '--preset', 'mobile'], ownNetwork, pnpm, workspace);
    await prints('trying again');
    process.kill(-child.pid!, signal);
    expect((await ended).exitCode).toBe(exitCodes[signal]);
    // npx ends with the signal, before the processes that it has started.
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 10_000 });
  });

  it.each(signals)('47: ends on %s to pnpm alone', async (signal) => {
    const { child, prints, ended } = start(['download', '--preset', 'mobile'], ownNetwork, pnpm, workspace);
    await prints('trying again');
    // npx, pnpm, the command's parent and its own process, each started by the one before.
    process.kill(descendantsOf(child).at(-3)!, signal);
    expect((await ended).exitCode).toBe(exitCodes[signal]);
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 10_000 });
  });

  it('47: does not outlive a parent that was killed', async () => {
    const { child, prints } = start(['download', '--preset', 'mobile']);
    await prints('trying again');
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 20_000 });
  });
});

describe('a command that is about to work', () => {
  test.each([
    ['init', 'SIGINT', 'its own process'],
    ['lr-find', 'SIGTERM', 'its process group'],
    ['report', 'SIGHUP', 'its own process'],
    ['runs', 'SIGINT', 'its process group'],
    ['clean', 'SIGTERM', 'its own process'],
    ['setup', 'SIGHUP', 'its process group'],
  ] as const)('47: %s ends on %s to %s, with the exit code of the signal', async (command, signal, place) => {
    const release = join(folder, `${command}.release`);
    const hold = `process.stderr.write('held'); while (!existsSync(${JSON.stringify(release)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);`;
    const program = `const { existsSync } = await import('node:fs'); ${onceListening(hold)}`;
    const { child, prints, ended } = start([...commandNamed(command)], preloading(program));
    await prints('held');
    process.kill(places[place](child), signal);
    await writeFile(release, '');
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(exitCodes[signal]);
    expect(stderr).not.toContain('    at ');
    expect(groupOf(child)).toEqual([]);
  });
});

describe('a training', () => {
  // With the native runtime of this machine.
  const ownMachine = { ...ownNetwork, CHORUS_CACHE: process.env.CHORUS_CACHE };
  const words = (run: string) => [
    '--config',
    join(folder, 'long.json'),
    '--out',
    join(folder, run),
    '--workers',
    'cpu:0',
  ];

  beforeAll(async () => {
    const experiment = {
      ...{ inputSize: 32, data: { source: 'shapes', limitPerClass: 20 }, weights: 'random' },
      members: ['one', 'other'].map((name) => ({ name, backbone: 'mobilenet', alpha: 0.25 })),
      recipe: { whole: { epochCount: 10_000, patience: 10_000 } },
      runtime: { compile: false },
    };
    await writeFile(join(folder, 'long.json'), JSON.stringify(experiment));
  });

  /** It was stopped, not killed: it has saved its training, and released its run folder. */
  async function expectSaved(run: string): Promise<void> {
    expect(await readdir(join(folder, run, 'checkpoints'))).not.toEqual([]);
    expect((await readdir(folder)).filter((name) => name.startsWith(`${run}.`))).toEqual([]);
  }

  test.each([
    ['SIGINT', 'its own process'],
    ['SIGTERM', 'its parent'],
    ['SIGHUP', 'its process group'],
  ] as const)('47: is saved on %s to %s, and ends with the exit code of the signal', async (signal, place) => {
    const { child, prints, ended } = start(['train', ...words(signal)], ownMachine);
    await prints('epoch 1');
    process.kill(places[place](child), signal);
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(exitCodes[signal]);
    expect(stderr).not.toContain('    at ');
    expect(groupOf(child)).toEqual([]);
    await expectSaved(signal);
  });

  test.each([
    ['SIGINT', 'the terminal', (child: ChildProcess) => -child.pid!],
    ['SIGTERM', 'turbo alone', turboOf],
  ] as const)('47: is saved on %s to %s; the exit code of turbo is 0', async (signal, _, place) => {
    const run = `turbo-${signal}`;
    // A shell that is still there when npx and pnpm have ended. Without build and setup, which the tests themselves depend on.
    const script = `trap : ${signals.map((name) => name.slice(3)).join(' ')}; turbo run train --filter=@chorus/trainer --only --output-logs=full -- "$@"; echo "turbo: $?"`;
    const turbo = ['npx', '-y', 'pnpm@12', 'exec', 'sh', '-c', script, 'sh'];
    const { child, prints, printed } = start(words(run), ownMachine, turbo, workspace);
    await prints('epoch 1');
    process.kill(place(child), signal);
    await prints('turbo: ');
    // Whatever turbo receives, its tasks receive SIGINT.
    expect(printed()).toContain('SIGINT: stopping after the current batch');
    expect(printed()).toContain('turbo: 0\n');
    await vi.waitFor(() => expect(processesWith(join(folder, run))).toEqual([]), { timeout: 15_000 });
    await expectSaved(run);
  });
});
