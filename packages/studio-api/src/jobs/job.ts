/** A job in a child process: an error of native code ends the child, not the studio. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { processEnvironment } from '@chorus/orchestration/environment';
import type { Failure, FromChild, ImageRequest, JobName, Jobs, ToChild } from './messages.ts';

/** Why a job has no result. */
export class JobError extends Error {
  override name = 'JobError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export interface Job<Name extends JobName> {
  /** @throws JobError when the job fails, is stopped, or its process ends unexpectedly. */
  readonly result: Promise<Jobs[Name]['result']>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  readonly pid: number | undefined;
  /** Asks the job to stop; after the grace time, in milliseconds, its process is killed. */
  stop(graceMs: number): void;
  /** Sends an image to the job `classify`. */
  sendImage(image: ImageRequest): void;
}

/**
 * Starts a job.
 *
 * @param onEvent receives what it reports, in order.
 */
export function startJob<Name extends JobName>(
  name: Name,
  request: Jobs[Name]['request'],
  onEvent: (event: Jobs[Name]['event']) => void = () => {},
): Job<Name> {
  const child = fork(createRequire(import.meta.url).resolve('#job-child'), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // TensorFlow and libuv read their settings when the process starts.
    env: { UV_THREADPOOL_SIZE: String(Math.max(availableParallelism(), 4)), ...process.env, ...processEnvironment },
  });
  const standardError = lastText(child);
  let outcome: Exclude<FromChild<Name>, { kind: 'event' }> | undefined;
  let stopping: NodeJS.Timeout | undefined;
  child.on('message', (message) => {
    const received = message as FromChild<Name>;
    if (received.kind === 'event') onEvent(received.event);
    else outcome = received;
  });
  const exit = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const result = exit.then((ending) => {
    clearTimeout(stopping);
    if (outcome?.kind === 'done') return outcome.result;
    if (outcome !== undefined) throw new JobError(outcome.failure);
    throw new JobError(crash(name, ending, { isStopped: stopping !== undefined, text: standardError() }));
  });
  // Those who await only `ended` do not handle a rejection.
  result.catch(() => {});
  const send = (message: ToChild) => {
    // Its process may just have ended.
    if (child.connected) child.send(message, () => {});
  };
  send({ kind: 'start', name, request } as ToChild);
  return {
    result,
    ended: exit.then(() => {}),
    pid: child.pid,
    stop(graceMs) {
      if (stopping !== undefined) return;
      send({ kind: 'stop' });
      stopping = setTimeout(() => child.kill('SIGKILL'), graceMs);
    },
    sendImage: (image) => send({ kind: 'image', image }),
  };
}

// --- internal ---

/** Characters of the standard error that a report of a crash shows. */
const shownCharacters = 4000;

/** @returns a function that returns the end of what the process has written to its standard error. */
function lastText({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-shownCharacters);
  });
  return () => text.trim();
}

const titles: Readonly<Record<JobName, string>> = {
  train: 'the training',
  check: 'the check',
  report: 'writing the report',
  compare: 'comparing the runs',
  export: 'the export',
  classify: 'the classifier',
};

function crash(name: JobName, ending: string, { isStopped, text }: { isStopped: boolean; text: string }): Failure {
  const memory = ending === 'SIGKILL' && !isStopped ? ', which is how a system with too little memory ends one' : '';
  return {
    message: `The process of ${titles[name]} ended unexpectedly (${ending})${memory}.`,
    bug: text === '' ? null : text,
    ...{ isStopped, canResume: name === 'train' },
  };
}
