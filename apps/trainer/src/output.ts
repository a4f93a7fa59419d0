import { systemErrorText } from '@chorus/orchestration/system-error';

let isOnlyLog = false;

/** For a command whose results are files: lost output costs a message, and does not change the exit code. */
export function outputIsOnlyLog(): void {
  isOnlyLog = true;
}

/**
 * Keeps a command running when it can no longer write to an output stream. A closed pipe (`chorus … | head -1`) is not an error.
 * If output is lost for any other reason, such as a full disk, one message goes to standard error and the exit code is not 0, so
 * that a script does not mistake a partial result for a complete one, except after {@link outputIsOnlyLog}.
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
    if (lost && !isOnlyLog) process.exitCode ||= 2;
  });
}
