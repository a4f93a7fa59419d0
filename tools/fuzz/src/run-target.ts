/** Fuzzes a target in processes of its own. */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, ChildTask } from './child-protocol.ts';

export interface Finding {
  target: string;
  seed: number;
  /** Undefined if the target failed on its corpus. */
  iteration: number | undefined;
  reason: string;
}

export interface FuzzOptions {
  /** URL of a module that exports `targets`. */
  module: string;
  target: string;
  seed: number;
  seconds: number;
  firstIteration?: number;
  maxCount?: number;
  /** Time without progress after which a process hangs, milliseconds; processor time is limited in the process. */
  hangMs?: number;
}

/** A target with so many findings is not fuzzed further. */
const maxFindings = 10;
/** On a loaded machine, the two seconds of processor time that an input may take have lasted half a minute. */
const usualHangMs = 60_000;

/**
 * Fuzzes a target for a time. After a crash or a hang, another process goes on with the next input.
 *
 * @returns the number of inputs and the findings, of equal ones the first.
 */
export async function runTarget(options: FuzzOptions): Promise<{ inputCount: number; findings: Finding[] }> {
  const { target, seed, seconds, firstIteration = 0, maxCount = Number.MAX_SAFE_INTEGER } = options;
  const endTime = performance.now() + 1000 * seconds;
  const findings = new Map<string, Finding>();
  let next = firstIteration;
  let isDone = false;
  while (!isDone && findings.size < maxFindings) {
    const left = (endTime - performance.now()) / 1000;
    if (left <= 0 && next > firstIteration) break;
    const note = (iteration: number | undefined, reason: string) => {
      const key = reason.split('\n').slice(0, 2).join('\n');
      if (!findings.has(key)) findings.set(key, { target, seed, iteration, reason });
    };
    const task = {
      ...options,
      firstIteration: next,
      maxCount: maxCount - (next - firstIteration),
      seconds: Math.max(left, 0.1),
    };
    const outcome = await runChild(task, options.hangMs ?? usualHangMs, note);
    next = outcome.next ?? next;
    isDone = outcome.isDone || outcome.next === undefined;
  }
  return { inputCount: next - firstIteration, findings: [...findings.values()] };
}

// --- internal ---

const childPath = fileURLToPath(new URL('../dist/fuzz.child.js', import.meta.url));

/** @returns the first iteration that it did not begin; undefined if it did not come to any. */
async function runChild(
  task: Omit<ChildTask, 'folder'>,
  hangMs: number,
  note: (iteration: number | undefined, reason: string) => void,
): Promise<{ next: number | undefined; isDone: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-fuzz-'));
  const { module, target, seed, firstIteration, maxCount, seconds } = task;
  const words: ChildTask = { module, target, seed, firstIteration, maxCount, seconds, folder };
  // Its own output is that of libraries, which write warnings about damaged files.
  const child = fork(childPath, [JSON.stringify(words)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-4000);
  });
  let iteration: number | undefined;
  let isDone = false;
  let spentAt: number | undefined;
  let isHung = false;
  const hang = () => {
    isHung = true;
    child.kill('SIGKILL');
  };
  // Loading takes longer than an input of a test.
  let timer = setTimeout(hang, Math.max(hangMs, usualHangMs));
  child.on('message', (message: ChildMessage) => {
    clearTimeout(timer);
    // To mutate 68 MB takes ten seconds of processor time, which are not those of the parser.
    if (message.kind !== 'ready') timer = setTimeout(hang, hangMs);
    if (message.kind === 'begins') iteration = message.iteration;
    else if (message.kind === 'failed') note(message.iteration, message.reason);
    else if (message.kind === 'done') isDone = true;
    else if (message.kind === 'spent') spentAt = message.nextIteration;
  });
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((ended) =>
    child.on('close', (...status) => ended(status)),
  );
  clearTimeout(timer);
  await rm(folder, { recursive: true, force: true });
  if (spentAt !== undefined) return { next: spentAt, isDone: false };
  if (!isDone) note(iteration, isHung ? 'hung' : `ended with ${signal ?? exitCode}: ${errors.trim()}`);
  if (iteration === undefined) return { next: isDone ? firstIteration : undefined, isDone };
  return { next: iteration + 1, isDone };
}
