/** `pnpm turbo setup`: prepares the native runtime and says what it does; silent and quick when all is there. */
import { StorageError } from '@chorus/storage';
import { RuntimeError } from './errors.ts';
import { setupRuntime } from './native/setup.ts';

try {
  await setupRuntime((step) => console.log(`native runtime: ${step}`));
} catch (error) {
  const forUser = error instanceof RuntimeError || error instanceof StorageError;
  console.error(forUser ? `chorus: ${error.message}` : error);
  process.exitCode = 2;
}
