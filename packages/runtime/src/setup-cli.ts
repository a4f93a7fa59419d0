/** The setup command that turbo runs: silent and fast if everything is ready. */
import { StorageError } from '@chorus/storage';
import { RuntimeError } from './errors.ts';
import { setupRuntime } from './native/setup.ts';
import { setupLines } from './setup-lines.ts';

try {
  await setupRuntime(setupLines(process.stdout));
} catch (error) {
  const forUser = error instanceof RuntimeError || error instanceof StorageError;
  console.error(forUser ? `chorus: ${error.message}` : error);
  process.exitCode = 2;
}
