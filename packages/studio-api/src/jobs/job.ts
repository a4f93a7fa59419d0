/** A job in a child process: an error of native code ends the child, not the studio. A training that crashes or hangs is started again. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { childEnvironment } from '@chorus/orchestration/environment';
import {
  endOf,
  type FromSupervised,
  incidentsVariable,
  type SuperviseOptions,
  supervise,
} from '@chorus/orchestration/supervisor';
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

export interface JobListeners<Name extends JobName> {
  /** Receives what the job reports, in order. */
  onEvent?(event: Jobs[Name]['event']): void;
  /** Called when a training has crashed or hung. */
  onIncident?: SuperviseOptions['onIncident'];
  /** Called with a message when incidents cannot be recorded. */
  onNotice?: SuperviseOptions['onNotice'];
}

/** Starts a job. */
export function startJob<Name extends JobName>(
  name: Name,
  request: Jobs[Name]['request'],
  { onEvent = () => {}, onIncident = () => {}, onNotice = () => {} }: JobListeners<Name> = {},
): Job<Name> {
  let child!: ChildProcess;
  let standardError!: () => string;
  let outcome: Exclude<FromChild<Name>, { kind: 'event' }> | undefined;
  let stopping: NodeJS.Timeout | undefined;
  const send = (message: ToChild) => {
    // Its process may just have ended.
    if (child.connected) child.send(message, () => {});
  };
  const start: SuperviseOptions['start'] = (incidents, run) => {
    child = forkJob(incidents.length === 0 ? {} : { [incidentsVariable]: JSON.stringify(incidents) });
    standardError = lastText(child);
    child.on('message', (message: FromChild<Name> | FromSupervised) => {
      if (message.kind === 'event') onEvent(message.event);
      else if (message.kind === 'done' || message.kind === 'failed') outcome = message;
    });
    // Without settings, it resumes the run.
    send({
      kind: 'start',
      name,
      request: run === undefined ? request : { ...request, settings: undefined },
    } as ToChild);
    return child;
  };
  const end =
    name === 'train'
      ? supervise({ start, isStopping: () => stopping !== undefined, onIncident, onNotice })
      : endOf(start([], undefined));
  const exit = end.then(
    ({ exitCode, signal }) => signal ?? `exit code ${exitCode}`,
    (error: Error) => error.message,
  );
  const result = exit.then((ending) => {
    clearTimeout(stopping);
    if (outcome?.kind === 'done') return outcome.result;
    if (outcome !== undefined) throw new JobError(outcome.failure);
    throw new JobError(crash(name, ending, { isStopped: stopping !== undefined, text: standardError() }));
  });
  // Those who await only `ended` do not handle a rejection.
  result.catch(() => {});
  return {
    result,
    ended: exit.then(() => {}),
    get pid() {
      return child.pid;
    },
    stop(graceMs) {
      if (stopping !== undefined) return;
      send({ kind: 'stop' });
      stopping = setTimeout(() => child.kill('SIGKILL'), graceMs);
    },
    sendImage: (image) => send({ kind: 'image', image }),
  };
}

// --- internal ---

function forkJob(environment: NodeJS.ProcessEnv): ChildProcess {
  return fork(createRequire(import.meta.url).resolve('#job-child'), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...childEnvironment(), ...environment },
  });
}

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
