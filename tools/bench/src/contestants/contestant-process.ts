/** Runs a contestant in a separate process. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Answer, type Prepared, parseAnswer, type Request, type RoundSeconds } from './protocol.ts';

/** A participant of a case and its task. */
export interface Contestant {
  /** Unique within the case. */
  name: string;
  /** Program and arguments. */
  command: readonly [string, ...string[]];
  /** Passed unchanged to the program. */
  task: object;
}

/** Starts immediately; {@link close} ends it. */
export class ContestantProcess {
  readonly contestant: Contestant;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #complaints: string[] = [];
  readonly #ended: Promise<string>;

  constructor(contestant: Contestant) {
    this.contestant = contestant;
    const [program, ...parameters] = contestant.command;
    const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    createInterface(child.stderr).on('line', (line) => {
      this.#complaints.push(line);
      if (this.#complaints.length > complaintsKept) this.#complaints.shift();
    });
    // The process may have ended before a write; its exit code is more informative than EPIPE.
    child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (exitCode, signal) => resolve(`ended with ${signal ?? exitCode}`));
    });
  }

  /**
   * Prepares the task and warms up.
   *
   * @param limitMs timeout after which the process is killed. Default: none.
   * @throws Error with the contestant's name and the end of its output.
   */
  async prepare(limitMs?: number): Promise<Prepared> {
    const timer = limitMs === undefined ? undefined : setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    try {
      const answer = await this.#ask({ prepare: this.contestant.task });
      if (!('prepared' in answer)) throw this.#error(`answered ${JSON.stringify(answer)} when asked to prepare`);
      return answer.prepared;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs one round. @throws as {@link prepare}. */
  async round(steps: number): Promise<RoundSeconds> {
    const answer = await this.#ask({ steps });
    if (!('seconds' in answer)) throw this.#error(`answered ${JSON.stringify(answer)} when asked for ${steps} steps`);
    return answer.seconds;
  }

  /** @throws Error when it could not be started. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw this.#error('did not start');
    return pid;
  }

  /** Returns its peak memory in bytes; undefined except on Linux. */
  peakMemoryBytes(): number | undefined {
    if (process.platform !== 'linux') return undefined;
    // getrusage would also count the parent's memory, because the child starts as its copy.
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  }

  /** Ends the process; resolves when it has exited. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    // Some libraries hang at exit; the measurements are complete.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  async #ask(request: Request): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw this.#error(await this.#ended);
    try {
      return parseAnswer(value);
    } catch (error) {
      throw this.#error((error as Error).message);
    }
  }

  #error(what: string): Error {
    return new Error(`${this.contestant.name}: ${[what, ...this.#complaints].join('\n')}`);
  }
}

// --- internal ---

const complaintsKept = 20;
const graceMs = 5_000;
