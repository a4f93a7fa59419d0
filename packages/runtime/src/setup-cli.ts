/** `pnpm turbo setup`: prepares the native runtime and says what it does; silent and quick when all is there. */
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
