import { systemErrorText } from '@chorus/orchestration/system-error';

/**
 * Keeps a command running when it can no longer write to an output stream. A closed pipe (`chorus … | head -1`) is not an error.
 * If output is lost for any other reason, such as a full disk, one message goes to standard error and the exit code is not 0, so
 * that a script does not mistake a partial result for a complete one.
 */
export function goOnWithoutOutput(): void {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    console.error(
      `chorus: Cannot write to standard output: ${systemErrorText(error)}; the rest of its output is lost.`,
    );
  });
  // There is nowhere left to report it.
  process.stderr.on('error', () => {});
  // The stream reports its last failure only after the command has ended.
  process.on('exit', () => {
    if (lost) process.exitCode ||= 2;
  });
}
