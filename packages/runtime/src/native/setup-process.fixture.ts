import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
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

/** Writes an executable script that replaces the compiler or Python. */
export async function writeProgram(folder: string, lines: string): Promise<string> {
  const path = join(folder, 'program');
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}
