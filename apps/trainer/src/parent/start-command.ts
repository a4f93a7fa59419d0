import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '@chorus/orchestration/environment';

/** Starts the process of a command. */
export function startCommand(words: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('../command-line.js', import.meta.url)), ...words],
    // The channel closes with this process, however it ends; the child then stops, too.
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...childEnvironment(), ...environment },
    },
  );
}
