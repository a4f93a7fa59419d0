import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Exit codes that do not count as failures. Default [0]. */
  exitCodes?: readonly number[];
}

/**
 * Runs a program until it exits.
 *
 * @returns the lines of its stdout.
 * @throws Error with the end of its output, when it fails.
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
