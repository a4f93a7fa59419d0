/** Signals that only the parent receives, as `kill` and service managers send them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const children: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-stop-'));
  await writeFile(join(folder, 'image.png'), '');
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  /** Resolves when standard error has the text. */
  prints(text: string): Promise<void>;
  ended: Promise<{ exitCode: number | null; stderr: string }>;
}

function start(parameters: string[], environment: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [main, ...parameters], {
    cwd: folder,
    // A group of its own, so that its processes can be counted.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      ...{ INIT_CWD: folder, TURBO_HASH: undefined, CHORUS_CACHE: join(folder, 'cache') },
      // A proxy that nobody serves.
      ...{ HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' },
      ...environment,
    },
  });
  children.push(child);
  let stderr = '';
  const prints = (text: string) =>
    new Promise<void>((done, failed) => {
      const look = () => void (stderr.includes(text) && done());
      child.stderr!.on('data', look);
      child.on('close', () => failed(new Error(`ended without "${text}": ${stderr}`)));
      look();
    });
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // `close` waits for the last process that holds the pipe.
  const ended = new Promise<{ exitCode: number | null; stderr: string }>((done) =>
    child.on('close', (exitCode) => done({ exitCode, stderr })),
  );
  return { child, prints, ended };
}

function groupOf(child: ChildProcess): string[] {
  try {
    return execFileSync('pgrep', ['-g', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
}

/** Holds the child's main thread for ever, as a call into TensorFlow holds it for seconds. */
const blocking = `--import=data:text/javascript,${encodeURIComponent(
  "if (process.send) { process.stderr.write('blocked'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }",
)}`;

describe('a command whose thread is busy', () => {
  test.each<[string, string[]]>([
    ['devices', []],
    ['doctor', []],
    ['download', ['--preset', 'mobile']],
    ['evaluate', ['--bundle', 'b', '--data', 'shapes']],
    ['predict', ['--bundle', 'b', 'image.png']],
    ['features', ['--backbone', 'mobilenet', '--weights', 'w.h5', '--out', 'f.npy', 'image.png']],
    ['augment', ['--out', 'sheet.png', 'image.png']],
    ['export', ['--bundle', 'b', '--format', 'tfjs']],
    ['train', ['--data', 'shapes', '--weights', 'random']],
  ])('ends with its parent: %s', async (command, parameters) => {
    const { child, prints, ended } = start([command, ...parameters], { NODE_OPTIONS: blocking });
    await prints('blocked');
    child.kill('SIGTERM');
    expect((await ended).exitCode).toBe(130);
    expect(groupOf(child)).toEqual([]);
  });

  it('ends at once on the second signal', async () => {
    const { child, prints, ended } = start(['doctor'], { NODE_OPTIONS: blocking });
    await prints('blocked');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(130);
    expect(groupOf(child)).toEqual([]);
  });
});

describe('a command that waits', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends on %s to its parent, and releases its locks',
    async (signal) => {
      const { child, prints, ended } = start(['download', '--preset', 'mobile']);
      await prints('trying again');
      child.kill(signal);
      const { exitCode, stderr } = await ended;
      expect(exitCode).toBe(130);
      expect(stderr).not.toContain('    at ');
      expect(groupOf(child)).toEqual([]);
      expect((await readdir(join(folder, 'cache/weights'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
    },
  );

  it('does not outlive a parent that was killed', async () => {
    const { child, prints, ended } = start(['download', '--preset', 'mobile']);
    await prints('trying again');
    child.kill('SIGKILL');
    await ended;
    await vi.waitFor(() => expect(groupOf(child)).toEqual([]), { timeout: 60_000 });
  });
});
