/** A `chorus train` that is killed. */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '@chorus/orchestration/environment';
import type { Kill } from './kill.ts';

export interface Ended {
  /** Whether it was killed, or asked to stop, before it ended on its own. */
  wasKilled: boolean;
  exitCode: number | null;
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
    env: { ...childEnvironment(), CHORUS_PAGE: 'off' },
  });
  // A group of its own does not receive the terminal's signals.
  const end = () => signalled(-child.pid!, 'SIGKILL');
  process.once('exit', end);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  let isDelivered = false;
  const timer =
    kill === undefined || kill.kind === 'call'
      ? undefined
      : setTimeout(() => {
          isDelivered = deliver(kill.kind, child.pid!);
        }, kill.afterMs);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, name) => done([code, name]));
  });
  clearTimeout(timer);
  await groupEnds(child.pid!);
  process.off('exit', end);
  // strace ends by the signal that ended the traced program.
  return { wasKilled: isDelivered || signal === 'SIGKILL', exitCode, output };
}

// --- internal ---

/** Returns whether there was a process to receive the signal: a run may just have ended, and has no child in its first milliseconds. */
function deliver(kind: Exclude<Kill['kind'], 'call'>, parent: number): boolean {
  if (kind === 'stop') return signalled(parent, 'SIGTERM');
  if (kind === 'parent') return signalled(parent, 'SIGKILL');
  if (kind === 'all') return signalled(-parent, 'SIGKILL');
  // Not SIGKILL: the parent would take it for a lack of memory, and halve batches, whose sums are rounded differently.
  const children = childrenOf(parent);
  return (kind === 'lanes' ? children.flatMap(childrenOf) : children)
    .map((child) => signalled(child, 'SIGSEGV'))
    .includes(true);
}

/** Sends a signal to a process, or to a group if its id is negative; returns whether there is one. Signal 0 only asks that. */
function signalled(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal);
  } catch {
    return false;
  }
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
  while (signalled(-group, 0)) await sleep(20);
}
