/** The native addon for the whole process. */
import { createRequire } from 'node:module';

export interface ProcessAddon {
  /** Loads TensorFlow's framework library without its informational messages; takes effect once per process. */
  loadQuietly(path: string): void;
  /** Returns memory that was freed to the system. */
  releaseFreeMemory(): void;
  /** Maps the first bytes of a file, at least one; throws an Error with the system's message. */
  mapFile(path: string, byteLength: number, isWritable: boolean): ArrayBuffer;
  /** Has the system kill this process when its parent ends; returns false where the system cannot. */
  killWithParent(): boolean;
}

const require = createRequire(import.meta.url);

export function processAddon(path: string): ProcessAddon {
  return require(path) as ProcessAddon;
}
