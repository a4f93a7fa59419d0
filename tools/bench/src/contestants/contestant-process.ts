/** A contestant at work, in a process of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Answer, type Prepared, parseAnswer, type Request, type RoundSeconds } from './protocol.ts';

/** Who takes part, and in what. */
export interface Contestant {
  /** Unlike the others' of its case. */
  name: string;
  /** Program and parameters. */
  command: readonly [string, ...string[]];
  /** Handed over as it is; the program knows what it means. */
  task: object;
}

/** Started at once; {@link close} ends it. */
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
    // It may be gone when it is written to: its exit code says more than EPIPE.
    child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (exitCode, signal) => resolve(`ended with ${signal ?? exitCode}`));
    });
  }

  /**
   * Builds what the task asks for, and warms it up.
   *
   * @param limitMs after which it is ended; by default it has all the time it wants.
   * @throws Error with the contestant's name and the end of what it said.
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

  /** One round. @throws as {@link prepare}. */
  async round(steps: number): Promise<RoundSeconds> {
    const answer = await this.#ask({ steps });
    if (!('seconds' in answer)) throw this.#error(`answered ${JSON.stringify(answer)} when asked for ${steps} steps`);
    return answer.seconds;
  }

  /** The most memory that it held at a time, bytes; undefined where the system does not tell (it is not Linux). */
  peakMemoryBytes(): number | undefined {
    if (process.platform !== 'linux') return undefined;
    // getrusage would count the parent's memory too: the child begins as its copy.
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  }

  /** Ends it; resolves when it is gone. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    // Some libraries hang when they end; what was measured is in.
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
