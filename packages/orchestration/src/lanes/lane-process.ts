/** A child process that runs the tasks of a lane, until it crashes. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import type { LaneObserver, LaneResult, LaneTask, Outcome } from '@chorus/training';
import type { Ending } from '../supervise/crash.ts';
import { endOf } from '../supervise/supervise.ts';
import type { FromLaneProcess, ToLaneProcess } from './lane-messages.ts';

// The compiled entry, the same one for `src` (tests) and `dist`.
const childPath = createRequire(import.meta.url).resolve('#lane-process');

/** A lane process has ended during its task. */
export class LaneProcessEnd extends Error {
  override name = 'LaneProcessEnd';
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(`the lane's process ended: ${ending.signal ?? `exit code ${ending.exitCode}`}`);
    this.ending = ending;
  }
}

export class LaneProcess {
  readonly #child: ChildProcess;
  readonly #observer: LaneObserver;
  readonly #ended: Promise<Ending>;
  #heapShare = 0;
  #hasEnded = false;

  /** Starts the process; `start` is its first message. */
  constructor(start: ToLaneProcess, observer: LaneObserver) {
    this.#observer = observer;
    // With its memory as typed arrays, not as JSON.
    this.#child = fork(childPath, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#ended = endOf(this.#child).finally(() => {
      this.#hasEnded = true;
    });
    // Those who do not wait for a task do not handle it.
    this.#ended.catch(() => {});
    this.#send(start);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last known size of its JavaScript heap, as a share of its limit. */
  get heapShare(): number {
    return this.#heapShare;
  }

  /**
   * Runs a task; its events arrive before its outcome.
   *
   * @throws LaneProcessEnd when the process ends before; Error when it could not be started.
   */
  async run(task: unknown, onStart: (atMs: number) => void): Promise<Outcome<LaneResult<LaneTask> | null>> {
    let onMessage!: (message: FromLaneProcess) => void;
    const outcome = new Promise<Outcome<LaneResult<LaneTask> | null>>((resolve) => {
      onMessage = (message) => {
        if (message.kind === 'started') onStart(message.atMs);
        if (message.kind === 'event') this.#receive(message);
        if (message.kind === 'outcome') resolve(message.outcome);
      };
    });
    this.#child.on('message', onMessage);
    try {
      this.#send({ kind: 'task', task });
      return await Promise.race([
        outcome,
        this.#ended.then((ending): never => {
          throw new LaneProcessEnd(ending);
        }),
      ]);
    } finally {
      this.#child.off('message', onMessage);
    }
  }

  /** Kills the process, whatever it does, and waits for its end. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #receive({ name, values, heapShare }: Extract<FromLaneProcess, { kind: 'event' }>): void {
    this.#heapShare = heapShare;
    (this.#observer[name] as (...values: unknown[]) => void)(...values);
  }

  #send(message: ToLaneProcess): void {
    // If the process has just ended, `run` throws.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
