/** Python virtual environments in the user's cache, one for each list of requirements. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, publishFile, sha256, withLock } from '@chorus/storage';
import { runProgram } from './run-program.ts';

/** A virtual environment: its requirements and its disk usage. */
export interface Environment {
  /** Name of its folder in the cache. */
  name: string;
  /** Path of a pip requirements file with exact versions. */
  requirements: string;
  /** Peak disk usage of the installation, including pip's temporary files. */
  diskBytes: number;
  /** Message shown before the download. */
  notice: string;
}

/** Returns whether {@link preparePython} finds what it needs: Python 3.11 or later, with venv and pip. */
export function canPreparePython(): boolean {
  // venv takes pip from ensurepip, which some distributions package separately.
  const script = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
  return spawnSync('python3', ['-c', script], { stdio: 'ignore' }).status === 0;
}

/**
 * Returns the path of the environment's interpreter; installs it again if the requirements have changed.
 *
 * @param tell called with a message before an installation, or while another process installs.
 * @throws Error when python3 or disk space is missing, or with pip's output when pip fails.
 */
export async function preparePython(
  { name, requirements, diskBytes, notice }: Environment,
  tell: (words: string) => void = console.error,
): Promise<string> {
  const hash = sha256(readFileSync(requirements));
  // A virtual environment contains its own path, so it is created in place; the mark shows that it is complete.
  const environment = cacheFolder(name, hash.slice(0, 16));
  const [python, mark] = [join(environment, 'bin/python'), join(environment, 'installed')];
  if (existsSync(mark)) return python;
  await mkdir(dirname(environment), { recursive: true });
  await withLock(
    `${environment}.lock`,
    async (lock) => {
      if (existsSync(mark)) return;
      await checkDisk(dirname(environment), diskBytes);
      tell(`${notice} It is kept in ${environment}.`);
      await rm(environment, { recursive: true, force: true });
      // Asynchronous, because a lock that is not touched for some seconds is taken over.
      await run('python3', ['-m', 'venv', environment]);
      const quietly = ['--quiet', '--disable-pip-version-check', '--no-cache-dir'];
      await run(python, ['-m', 'pip', 'install', ...quietly, '--requirement', requirements]);
      await lock.assertHeld();
      await publishFile(mark, `${hash}\n`);
    },
    { onWait: (owner) => tell(`Waiting for process ${owner ?? 'unknown'} to install into ${environment} …`) },
  );
  return python;
}

// --- internal ---

async function checkDisk(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes)
    throw new Error(
      `Expected ${gigabytes(neededBytes)} of free disk space for Python packages in ${folder}, found ${gigabytes(bavail * bsize)}; free some space or set CHORUS_CACHE to another folder.`,
    );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

async function run(program: string, parameters: readonly string[]): Promise<void> {
  try {
    await runProgram(program, parameters);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${program} was not found in PATH; install Python 3.11 or later, with venv and pip.`);
  }
}
