import { spawn } from 'node:child_process';

export interface ToolFailure {
  /** The program itself is not there. */
  missing: boolean;
  exitCode: number | null;
  /** What it printed, both streams. */
  output: string;
}

/**
 * Runs a program to its end.
 *
 * @param explain makes the error to throw from a failure.
 */
export async function runTool(
  program: string,
  parameters: readonly string[],
  explain: (failure: ToolFailure) => Error,
): Promise<void> {
  const failure = await new Promise<ToolFailure | undefined>((done) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => done({ missing: true, exitCode: null, output: error.message }));
    child.on('close', (exitCode) => done(exitCode === 0 ? undefined : { missing: false, exitCode, output }));
  });
  if (failure !== undefined) throw explain(failure);
}
