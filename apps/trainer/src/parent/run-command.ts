import { endOf } from '@chorus/orchestration/supervisor';
import { startCommand } from './start-command.ts';
import { Stopping } from './stopping.ts';

/** Runs a command in a child process; returns the exit code. */
export async function runCommand(words: readonly string[]): Promise<number> {
  const stopping = new Stopping();
  const child = startCommand(words);
  stopping.follow(child);
  const ending = await endOf(child);
  if (ending.signal !== null && stopping.stoppedBy === undefined)
    console.error(`The command was terminated by ${ending.signal}.`);
  return stopping.exitCode(ending);
}
