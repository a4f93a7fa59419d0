/** The native addon for the whole process. */
import { createRequire } from 'node:module';

export interface ProcessAddon {
  /** Loads TensorFlow's framework library without its informational messages; takes effect once per process. */
  loadQuietly(path: string): void;
  /** Returns memory that was freed to the system. */
  releaseFreeMemory(): void;
}

const require = createRequire(import.meta.url);

export function processAddon(path: string): ProcessAddon {
  return require(path) as ProcessAddon;
}
