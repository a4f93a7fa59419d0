/** Python with TensorFlow, Keras and Pillow, in a virtual environment of the user's cache. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder, publishFile, sha256, withLock } from '@chorus/storage';

/** Of this package: the scripts are there. */
export const scriptsFolder = join(import.meta.dirname, '..');
export const repository = join(scriptsFolder, '../..');

/**
 * Path of the environment's interpreter, made anew where requirements.txt has changed.
 *
 * @throws Error with the end of what venv or pip said, and StorageError when the lock was lost meanwhile.
 */
export async function preparePython(): Promise<string> {
  const requirements = join(scriptsFolder, 'requirements.txt');
  const hash = sha256(readFileSync(requirements));
  // Virtual environments know their own path, so it is made in its place, and is done when the mark is there.
  const environment = cacheFolder('parity', hash.slice(0, 16));
  const [python, mark] = [join(environment, 'bin/python'), join(environment, 'installed')];
  if (existsSync(mark)) return python;
  await mkdir(dirname(environment), { recursive: true });
  await withLock(`${environment}.lock`, async (lock) => {
    if (existsSync(mark)) return;
    console.error('Installing TensorFlow and Keras into a virtual environment, 2 GB …');
    await rm(environment, { recursive: true, force: true });
    // Waited for, not blocking: a lock that is not touched for some seconds is taken over.
    await runProgram('python3', ['-m', 'venv', environment]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
    await runProgram(python, install);
    await lock.assertHeld();
    await publishFile(mark, `${hash}\n`);
  });
  return python;
}

/** Runs a script of this package; as {@link runProgram}. */
export function runScript(
  python: string,
  script: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string[]> {
  return runProgram(python, [join(scriptsFolder, script), ...parameters], options);
}

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Those that are no failure; 0 alone by default. */
  exitCodes?: readonly number[];
}

/**
 * Runs a program to its end.
 *
 * @returns the lines that it printed.
 * @throws Error with the end of what it said, when it fails.
 */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  { exitCodes = [0], ...options }: ProgramOptions = {},
): Promise<string[]> {
  const child = spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [lines, complaints]: [string[], string[]] = [[], []];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  createInterface(child.stderr).on('line', (line) => complaints.push(line));
  const exitCode = await new Promise<number | null>((done, fail) => {
    child.on('error', fail);
    child.on('close', done);
  });
  if (exitCode !== null && exitCodes.includes(exitCode)) return lines;
  const command = [program, ...parameters].join(' ').slice(0, 300);
  throw new Error(`${command} ended with ${exitCode}:\n${[...lines, ...complaints].slice(-20).join('\n')}`);
}

/** Gives a new folder to `use` and removes it afterwards. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-parity-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
