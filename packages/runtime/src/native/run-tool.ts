import { spawn } from 'node:child_process';

export interface ToolFailure {
  /** The program does not exist. */
  missing: boolean;
  /** Its output, stdout and stderr together. */
  output: string;
}

/**
 * Runs a program until it exits.
 *
 * @param explain creates the error to throw from a failure.
 * @param options.environment additional environment variables.
 * @param options.folder the program's working folder.
 * @param options.onOutput is called with the whole output so far.
 */
export async function runTool(
  program: string,
  parameters: readonly string[],
  explain: (failure: ToolFailure) => Error,
  options: {
    environment?: Readonly<Record<string, string>>;
    folder?: string;
    onOutput?: (output: string) => void;
  } = {},
): Promise<void> {
  const failure = await new Promise<ToolFailure | undefined>((done) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
      cwd: options.folder,
    });
    // The program must not outlive a stopped command.
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('close', () => process.off('exit', end));
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      options.onOutput?.(output);
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
