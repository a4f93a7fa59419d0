import { spawn } from 'node:child_process';

export interface ToolFailure {
  /** The program itself is not there. */
  missing: boolean;
  /** What it printed, both streams. */
  output: string;
}

/**
 * Runs a program to its end.
 *
 * @param explain makes the error to throw from a failure.
 * @param environment variables beside this process's own.
 */
export async function runTool(
  program: string,
  parameters: readonly string[],
  explain: (failure: ToolFailure) => Error,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const failure = await new Promise<ToolFailure | undefined>((done) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    // It must not outlive a command that is stopped meanwhile.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('close', () => process.off('exit', end));
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => done({ missing: true, output: error.message }));
    child.on('close', (exitCode, signal) =>
      done(exitCode === 0 ? undefined : { missing: false, output: output || `ended by ${signal ?? exitCode}` }),
    );
  });
  if (failure !== undefined) throw explain(failure);
}
