import { systemErrorText } from '@chorus/orchestration/system-error';

/**
 * Lets a command go on when the terminal, pipe or file behind an output stream cannot be written to. A reader that leaves
 * (`chorus … | head -1`) is no error. Where anything else, such as a full disk, loses what goes to standard output, that is said
 * once on standard error, and the exit code is not 0: a script must not take half of a result for the whole.
 */
export function goOnWithoutOutput(): void {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    console.error(`chorus: Cannot write to standard output: ${systemErrorText(error)}; what is printed there is lost.`);
  });
  // There is no place left to report it.
  process.stderr.on('error', () => {});
  // The stream reports its last failure only after the command has ended.
  process.on('exit', () => {
    if (lost) process.exitCode ||= 2;
  });
}
