/** Whole runs on disks that fail while they train. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ExperimentInput } from './experiment/schema.ts';
import { at, drawData, removeRuns, small } from './train.fixture.ts';

beforeAll(drawData);
afterAll(removeRuns);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Saves its progress whenever it can, in two epochs of one step. */
const experiment = (): Partial<ExperimentInput> => ({
  ...small(),
  recipe: { batchSize: 64, whole: { epochCount: 2 } },
  checkpointMinutes: 0,
});

/** What a run says, as [kind, …values]: `member`, task, state and reason; `warning`, task and text; `notice` and text. */
type Event = [string, ...string[]];

interface Ended {
  exitCode: number | null;
  message: string | null;
  /** The class of the error. */
  name: string | null;
}

/**
 * A program that trains and prints what happens, a line each.
 *
 * @param react statements that read `kind` and `values` of each event; `fill()` fills the disk, `free()` frees it again, `stop()` stops the run, and
 * `pause()` waits until the test writes to `<out>.pipe`.
 */
const program = (out: string, input: Partial<ExperimentInput>, react = '', after = '') => `
  import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
  import { train } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
  const out = ${JSON.stringify(out)};
  const ballast = ${JSON.stringify(`${out}.ballast`)};
  const say = (value) => console.log(JSON.stringify(value));
  const fill = () => {
    const file = openSync(ballast, 'w');
    try {
      for (let size = 2 ** 20; size >= 1; ) {
        try { writeSync(file, Buffer.alloc(size)); } catch (error) {
          if (error.code !== 'ENOSPC') throw error;
          size = Math.floor(size / 2);
        }
      }
    } finally { closeSync(file); }
  };
  const free = () => rmSync(ballast);
  // Blocks this thread, and with it the events of the run, until the test writes to the pipe.
  const pause = () => readFileSync(${JSON.stringify(`${out}.pipe`)});
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const react = (kind, values) => { ${react} };
  const happens = (kind, ...values) => { say([kind, ...values]); react(kind, values); };
  const observer = {
    onMember: (task, { state, reason }) => happens('member', task, state, ...(reason ? [reason] : [])),
    onWarning: (task, text) => happens('warning', task, text),
    onNotice: (text) => happens('notice', text),
  };
  const run = (input, options) => train(input, { ...options, observer }).then(
    ({ exitCode }) => say({ exitCode, message: null, name: null }),
    ({ name, message }) => say({ exitCode: null, message, name }),
  );
  await run(${JSON.stringify(input)}, { out, signal: stopping.signal });
  ${after}
`;

/** Starts a program through a command, which takes it as its last parameters. */
function start(words: readonly string[], text: string) {
  const [command, ...rest] = [...words, process.execPath, '--input-type=module', '--eval', text];
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const events: Event[] = [];
  const ended: Ended[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => {
    const value = JSON.parse(line) as Event | Ended;
    if (Array.isArray(value)) events.push(value);
    else ended.push(value);
  });
  const reached = async (...wanted: string[]) => {
    const isThere = () => events.some((event) => wanted.every((text, index) => event[index]?.startsWith(text)));
    while (!isThere()) await once(lines, 'line');
  };
  return { child, events, ended, reached, done: once(lines, 'close') };
}

const textsOf = (events: readonly Event[], kind: string) =>
  events.filter(([one]) => one === kind).map(([, ...values]) => values.join(': '));

/** In a namespace with a small disk of its own at `folder`. */
const onSmallDisk = (folder: string) => [
  ...['unshare', '-rm', 'sh', '-c'],
  `mount -t tmpfs -o size=100m none "$1" && shift && exec "$@"`,
  ...['sh', folder],
];
const works = (words: string[]) => spawnSync(words[0]!, words.slice(1)).status === 0;
const canMount = works(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
const canTrace = works(['strace', '-o', '/dev/null', 'true']);

it('29: a disk that fails every fsync for a while costs a warning, and no trained member', async (context) => {
  context.skip(!canTrace, 'strace is missing or forbidden on this machine');
  const out = at('fsync');
  const isHeld = `kind === 'warning' && values[1].startsWith('It is trained')`;
  const pauses = `if ((kind === 'member' && values.join() === 'wide,running') || (${isHeld})) pause();`;
  execFileSync('mkfifo', [`${out}.pipe`]);
  const { child, events, ended, reached, done } = start([], program(out, experiment(), pauses));
  await reached('member', 'wide', 'running');
  const tracer = spawn('strace', [
    ...['-f', '-p', `${child.pid}`, '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO', '-o', '/dev/null'],
  ]);
  children.push(tracer);
  let isAttached = false;
  for await (const line of createInterface(tracer.stderr)) {
    isAttached = /^strace: Process \d+ attached/.test(line);
    if (isAttached) break;
  }
  context.skip(!isAttached, 'strace may not attach to a running process on this machine (kernel.yama.ptrace_scope)');
  await writeFile(`${out}.pipe`, '');
  await reached('warning', 'wide', 'It is trained');
  expect(existsSync(at('fsync/members/wide/holdout'))).toBe(false);
  const detached = once(tracer, 'exit');
  tracer.kill('SIGINT');
  await detached;
  await writeFile(`${out}.pipe`, '');
  await done;
  expect(ended).toEqual([{ exitCode: 0, message: null, name: null }]);
  const failure = (path: string) =>
    `Cannot write ${path}: input/output error; check the disk and the log of the operating system.`;
  expect(textsOf(events, 'warning')).toEqual([
    `wide: Its progress is not saved: ${failure(`${out}/checkpoints/wide/holdout/checkpoint-1`)} The training goes on.`,
    `wide: It is trained, but not on the disk: ${failure(`${out}/members/wide/holdout`)} It stays in memory, and writing it is tried again until all trainings have ended.`,
  ]);
  expect(await readdir(at('fsync/members/wide'))).toEqual(['holdout']);
  expect(existsSync(at('fsync/checkpoints'))).toBe(false);
});

it('30: a disk that is full for a while costs warnings, and no trained member', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('full-for-a-while');
  await mkdir(disk);
  const react = `if (kind === 'member' && values.join() === 'wide,running') fill();
    if (kind === 'warning' && values[1].startsWith('It is trained')) free();`;
  const { events, ended, done } = start(onSmallDisk(disk), program(`${disk}/run`, experiment(), react));
  await done;
  expect(ended).toEqual([{ exitCode: 0, message: null, name: null }]);
  expect(textsOf(events, 'warning')).toEqual([
    expect.stringMatching(/^wide: Its progress is not saved: .*: no space left on the disk; free some space\. The /),
    expect.stringMatching(
      /^wide: It is trained, but not on the disk: .*\/members\/wide\/holdout: no space left on the/,
    ),
  ]);
  expect(textsOf(events, 'notice').filter((text) => text.startsWith('Cannot'))).toEqual([
    `Cannot write to ${disk}/run/metrics.jsonl: no space left on the disk. The run continues, but later epochs will be missing from the file.`,
  ]);
  expect(textsOf(events, 'member').toSorted()).toEqual(['slim: done', 'slim: running', 'wide: done', 'wide: running']);
});

it('30: on a disk that stays full, each member says why it fails, and the run can be resumed', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('full');
  await mkdir(disk);
  const react = `if (kind === 'member' && values.join() === 'wide,running' && !existsSync(ballast)) fill();`;
  const after = `free(); react = () => {}; await run({}, { resume: out });`;
  const text = program(`${disk}/run`, experiment(), react, after).replace('const react', 'let react');
  const { events, ended, done } = start(onSmallDisk(disk), text);
  await done;
  const reason = (name: string) =>
    `Cannot write ${disk}/run/members/${name}/holdout: no space left on the disk; free some space`;
  // Which one tries last depends on when each was trained.
  expect(
    textsOf(events, 'member')
      .filter((one) => one.includes('failed'))
      .toSorted(),
  ).toEqual([`slim: failed: ${reason('slim')}.`, `wide: failed: ${reason('wide')}.`]);
  expect(ended).toEqual([
    {
      exitCode: null,
      name: 'TooFewMembersError',
      message: `0 of 2 members finished, but at least 2 are required: wide: ${reason('wide')}; slim: ${reason('slim')}. There is no report: Cannot write ${disk}/run/report.json: no space left on the disk; free some space.`,
    },
    { exitCode: 0, message: null, name: null },
  ]);
});

it('30: a run that is stopped while the disk is full says what it has not written, and repeats it', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('stopped-when-full');
  await mkdir(disk);
  const react = `if (kind === 'member' && values.join() === 'wide,running') fill();
    if (kind === 'warning' && values[1].startsWith('It is trained')) stop();`;
  const after = `free(); react = () => {}; await run({}, { resume: out });`;
  const text = program(`${disk}/run`, experiment(), react, after).replace('const react', 'let react');
  const { events, ended, done } = start(onSmallDisk(disk), text);
  await done;
  expect(textsOf(events, 'warning').at(-1)).toBe(
    `wide: It could not be written before the run stopped: Cannot write ${disk}/run/members/wide/holdout: no space left on the disk; free some space. A resumed run repeats what it has trained since its last checkpoint.`,
  );
  expect(ended.map(({ name }) => name)).toEqual(['StoppedError', null]);
  expect(textsOf(events, 'member').filter((one) => one.startsWith('wide'))).toEqual([
    'wide: running',
    'wide: running',
    'wide: done',
  ]);
});

it('30: on a disk that is full after the trainings, the run ends with the path, and resuming it keeps the members', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('full-at-the-end');
  await mkdir(disk);
  const react = `if (kind === 'member' && values.join() === 'slim,done') fill();`;
  const after = `free(); await run({}, { resume: out });`;
  const { events, ended, done } = start(onSmallDisk(disk), program(`${disk}/run`, experiment(), react, after));
  await done;
  expect(ended).toEqual([
    {
      exitCode: null,
      name: 'ConfigError',
      message: `Cannot write ${disk}/run/bundle: no space left on the disk; free some space.`,
    },
    { exitCode: 0, message: null, name: null },
  ]);
  expect(textsOf(events, 'member').slice(-2)).toEqual(['wide: kept', 'slim: kept']);
});

it('31: a member that is larger than a file may be fails with the limit to raise, and the others go on', async () => {
  const members = [...small().members!, { name: 'third', backbone: 'mobilenet', alpha: 0.25 } as const];
  const input = { ...experiment(), members };
  // Units of 1,024 bytes; the weights of wide take 3.3 MB, and those of slim 0.9 MB.
  const { events, ended, done } = start(
    ['bash', '-c', 'ulimit -f 2000; exec "$@"', 'bash'],
    program(at('limit'), input),
  );
  await done;
  expect(ended).toEqual([{ exitCode: 3, message: null, name: null }]);
  expect(textsOf(events, 'member')).toContainEqual(
    `wide: failed: Cannot write ${at('limit/members/wide/holdout')}: file too large; raise the limit on the size of files (ulimit -f).`,
  );
  const report = JSON.parse(await readFile(at('limit/report.json'), 'utf8')) as { members: { status: string }[] };
  expect(report.members.map(({ status }) => status)).toEqual(['failed', 'done', 'done']);
});

it('32: a read-only place for a run is refused before anything is trained', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('read-only');
  await mkdir(disk);
  const words = ['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"', 'sh', disk];
  const { events, ended, done } = start(words, program(`${disk}/run`, experiment()));
  await done;
  expect(events).toEqual([]);
  expect(ended).toEqual([
    { exitCode: null, name: 'ConfigError', message: `Cannot write the run to ${disk}/run: read-only file system.` },
  ]);
});

it('32: a run in a place that has become read-only is not resumed, and the message says how it can be', async (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const disk = at('read-only-since');
  await mkdir(disk);
  const react = `if (kind === 'member' && values.join() === 'wide,running') stop();`;
  const after = `react = () => {};
    const mount = (...options) => execFileSync('mount', ['-o', ['remount', ...options].join(), ${JSON.stringify(disk)}]);
    mount('ro');
    await run({}, { resume: out });
    mount('rw');
    await run({}, { resume: out });`;
  const text = `import { execFileSync } from 'node:child_process';
    ${program(`${disk}/run`, experiment(), react, after).replace('const react', 'let react')}`;
  const { ended, done } = start(onSmallDisk(disk), text);
  await done;
  expect(ended).toEqual([
    expect.objectContaining({ name: 'StoppedError' }),
    {
      exitCode: null,
      name: 'ConfigError',
      message: `Cannot write to ${disk}/run: read-only file system; make it writable, or copy the run folder to another place and resume the copy.`,
    },
    { exitCode: 0, message: null, name: null },
  ]);
});
