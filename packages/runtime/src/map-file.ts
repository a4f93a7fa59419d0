/** Memory that processes share. */
import { RuntimeError } from './errors.ts';
import { locateNativeRuntime } from './native/locate.ts';
import { processAddon } from './process-addon.ts';

/**
 * Maps the first bytes of a file into memory: what one process writes there, the others that map it read.
 *
 * @param options `isWritable`: otherwise, writing to the memory ends the process.
 * @returns the memory, which is unmapped when it is collected. `Atomics` work on it, except for waiting.
 * @throws RuntimeError when the file cannot be opened or mapped, or is shorter.
 * @example
 * const numbers = new Int32Array(mapFile('/dev/shm/numbers', 64, { isWritable: true }));
 */
export function mapFile(path: string, byteLength: number, { isWritable }: { isWritable: boolean }): ArrayBuffer {
  // The system maps whole pages, at least one.
  if (byteLength === 0) return new ArrayBuffer(0);
  try {
    return processAddon(locateNativeRuntime().processPath).mapFile(path, byteLength, isWritable);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError(`Expected ${byteLength} bytes to share in ${path}: ${(error as Error).message}.`);
  }
}
