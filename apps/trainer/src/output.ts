import { systemErrorText } from '@chorus/orchestration/system-error';

/**
 * Lets a command continue when its standard output or standard error is not writable. A closed pipe (`chorus … | head -1`) is
 * not an error. Any other failure of standard output, such as a full disk, is reported once on standard error, and the exit
 * code is not 0, so that a script does not use an incomplete result.
 */
export function goOnWithoutOutput(): void {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    console.error(`chorus: Cannot write to standard output: ${systemErrorText(error)}; some output is lost.`);
  });
  // Errors of standard error cannot be reported.
  process.stderr.on('error', () => {});
  // The stream may report a failure only after the command has ended.
  process.on('exit', () => {
    if (lost) process.exitCode ||= 2;
  });
}
