import { ModelError } from '../errors.ts';

/** The file that damaged the library's memory, if any. */
let damagedBy: string | undefined;

/**
 * Runs a function that calls libhdf5. Its errors are a page long: the reason is in the third line from the end.
 *
 * @throws ModelError of one line, with the file's name and what was expected.
 */
export function attempt<T>(fileName: string, expectation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    if (isTrap(error)) damagedBy ??= fileName;
    // Exceptions of C++ arrive as numbers.
    const message = error instanceof Error ? error.message : `exception ${String(error)}`;
    const reason = [...message.matchAll(/^ *#\d+: .* in \w+\(\): (.*)$/gm)].at(-1)?.[1] ?? message;
    throw new ModelError(`${fileName}: ${expectation}, received an error: ${reason.split('\n')[0]}.`, { cause: error });
  }
}

/**
 * After a trap (an access out of bounds, or a recursion without end), the memory of the library is in an unknown state: it would
 * fail on valid files, or misread them.
 *
 * @throws ModelError naming the file that caused one.
 */
export function requireIntactLibrary(fileName: string): void {
  if (damagedBy === undefined) return;
  throw new ModelError(
    `${fileName}: not read, because ${damagedBy} damaged the HDF5 library of this process; start again without that file.`,
  );
}

// --- internal ---

/** Whether WebAssembly stopped in the middle of a function; by its name, since tests run in several realms. */
function isTrap(error: unknown): boolean {
  return error instanceof Error && ['RuntimeError', 'RangeError'].includes(error.name);
}
