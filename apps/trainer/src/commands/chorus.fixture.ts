/** The command line as users start it, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  /** Resolves when the standard output has a text. */
  printed(text: string): Promise<void>;
  ended: Promise<Ended>;
}

interface StartOptions {
  input?: Uint8Array;
  environment?: NodeJS.ProcessEnv;
}

/** Starts a command in a folder, in a process group of its own, as a terminal does. Trainings write no page unless `CHORUS_PAGE` is `on`. */
export function startChorus(folder: string, words: readonly string[], options?: StartOptions): Started {
  return startProgram(folder, [process.execPath, main, ...words], options);
}

/** As {@link startChorus}, for a program that runs the command: its name or path, then its parameters. */
export function startProgram(
  folder: string,
  [program, ...parameters]: readonly [string, ...string[]],
  { input, environment = {} }: StartOptions = {},
): Started {
  const own = {
    INIT_CWD: folder,
    TURBO_HASH: undefined,
    CHORUS_WORKERS: undefined,
    CHORUS_WEIGHTS: undefined,
    CHORUS_PAGE: 'off',
  };
  const child = spawn(program, parameters, {
    ...{ cwd: folder, detached: true },
    env: { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...own, ...environment },
  });
  const texts = { stdout: '', stderr: '' };
  const waiting: { text: string; done(): void }[] = [];
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
      for (const one of waiting) if (texts.stdout.includes(one.text)) one.done();
    });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return {
    child,
    printed: (text) =>
      new Promise((done, failed) => {
        waiting.push({ text, done });
        if (texts.stdout.includes(text)) done();
        child.on('close', () => failed(new Error(`ended without "${text}": ${texts.stdout}${texts.stderr}`)));
      }),
    ended: new Promise((done) => child.on('close', (exitCode) => done({ exitCode, ...texts }))),
  };
}
