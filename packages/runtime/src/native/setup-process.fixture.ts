import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs the setup command in a child process. */
export function startSetup(environment: Record<string, string>) {
  const script = fileURLToPath(new URL('../../dist/setup-cli.js', import.meta.url));
  const child = spawn(process.execPath, [script], {
    // Tests must not download anything; those of onnxruntime set this variable.
    env: { ...process.env, CHORUS_ONNXRUNTIME: 'none', ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, output }));
  return { child, ended };
}

/**
 * Kills a setup and the tool that it runs. Ages its lock, so that the next process takes it over at once, not after the ten
 * seconds after which a lock counts as abandoned.
 *
 * @param tools process ids of its running tools.
 * @returns its output.
 */
export async function killSetup(
  { child, ended }: ReturnType<typeof startSetup>,
  cache: string,
  tools: readonly number[] = [],
): Promise<string> {
  child.kill('SIGKILL');
  for (const tool of tools) process.kill(tool, 'SIGKILL');
  const { output } = await ended;
  await utimes(join(cache, 'setup.lock'), 0, 0);
  return output;
}

/** Writes an executable script that replaces the compiler or Python. */
export async function writeProgram(folder: string, lines: string): Promise<string> {
  const path = join(folder, 'program');
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}
