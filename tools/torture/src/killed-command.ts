/** A `chorus train` that is killed. */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { processEnvironment } from '@chorus/orchestration/environment';
import type { Kill } from './kill.ts';

export interface Ended {
  /** Whether it was killed, or asked to stop, before it ended on its own. */
  wasKilled: boolean;
  exitCode: number | null;
  /** Milliseconds since the Unix epoch, when it was killed or ended. */
  atMs: number;
  /** What it printed. */
  output: string;
}

/** Whether strace is there and may trace processes, which containers can forbid. */
export function canTraceCalls(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', '-e', 'inject=rename:error=EIO', 'true']).status === 0;
}

/**
 * Runs `chorus train` until it ends or is killed, and all its processes are gone.
 *
 * @param words what follows `train`.
 */
export async function trainUntil(words: readonly string[], kill: Kill | undefined): Promise<Ended> {
  const [program, parameters] = commandOf(['train', ...words], kill);
  const child = spawn(program, parameters, {
    // A process group of its own.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...processEnvironment, CHORUS_PAGE: 'off' },
  });
  // A group of its own does not receive the terminal's signals.
  const end = () => process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', end);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  let killedAtMs: number | undefined;
  const timer =
    kill === undefined || kill.kind === 'call'
      ? undefined
      : setTimeout(() => {
          killedAtMs = Date.now();
          deliver(kill.kind, child.pid!);
        }, kill.afterMs);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, name) => done([code, name]));
  });
  clearTimeout(timer);
  const endedAtMs = Date.now();
  await groupEnds(child.pid!);
  process.off('exit', end);
  // strace ends by the signal that ended the traced program.
  const wasKilled = killedAtMs !== undefined || signal === 'SIGKILL';
  return { wasKilled, exitCode, atMs: killedAtMs ?? endedAtMs, output };
}

// --- internal ---

function deliver(kind: Exclude<Kill['kind'], 'call'>, parent: number): void {
  if (kind === 'stop') process.kill(parent, 'SIGTERM');
  else if (kind === 'parent') process.kill(parent, 'SIGKILL');
  else if (kind === 'all') process.kill(-parent, 'SIGKILL');
  // Not SIGKILL: the parent would take it for a lack of memory, and halve batches, whose sums are rounded differently. There is none
  // yet in the first milliseconds.
  else for (const child of childrenOf(parent)) process.kill(child, 'SIGSEGV');
}

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

const trainer = dirname(createRequire(import.meta.url).resolve('@chorus/trainer/package.json'));

/** A traced command is run without its parent, which would go on after the kill. */
function commandOf(words: readonly string[], kill: Kill | undefined): [string, string[]] {
  if (kill?.kind !== 'call') return [process.execPath, [join(trainer, 'dist/main.js'), ...words]];
  const { call, occurrence } = kill;
  const tracing = ['-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', `trace=${call}`];
  const injection = ['-e', `inject=${call}:signal=SIGKILL:when=${occurrence}`];
  return ['strace', [...tracing, ...injection, process.execPath, join(trainer, 'dist/command-line.js'), ...words]];
}

/** Waits until no process of a group is left. */
async function groupEnds(group: number): Promise<void> {
  for (;;) {
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
