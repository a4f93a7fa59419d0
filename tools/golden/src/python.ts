/** Python with TensorFlow, Keras and Pillow, in a virtual environment of the user's cache. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgramOptions, preparePython, runProgram } from '@chorus/python';

/** Of this package: the scripts are there. */
export const scriptsFolder = join(import.meta.dirname, '..');
export const repository = join(scriptsFolder, '../..');

/** Path of an interpreter with what requirements.txt lists. */
export function prepareGoldenPython(): Promise<string> {
  return preparePython({
    name: 'parity',
    requirements: join(scriptsFolder, 'requirements.txt'),
    diskBytes: 3e9,
    notice: 'Installing TensorFlow and Keras into a virtual environment: 2 GB, a minute or two.',
  });
}

/** Runs a script of this package; as runProgram. */
export function runScript(
  python: string,
  script: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string[]> {
  return runProgram(python, [join(scriptsFolder, script), ...parameters], options);
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
