import { once } from 'node:events';
import { startCommand } from './start-command.ts';
import { Stopping } from './stopping.ts';

/** Runs a command in a child process; returns the exit code. */
export async function runCommand(words: readonly string[]): Promise<number> {
  const stopping = new Stopping();
  const child = startCommand(words);
  stopping.follow(child);
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== null && stopping.stoppedBy === undefined) console.error(`The command was terminated by ${signal}.`);
  return stopping.exitCode({ exitCode, signal });
}
