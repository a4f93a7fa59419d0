/**
 * libhdf5, in WebAssembly. A damaged file can leave its memory in any state, in which it fails on valid files or misreads them: no copy of it
 * reads another file after one that it has refused.
 */
import { ModelError } from '../errors.ts';

export type Libhdf5 = typeof import('h5wasm');

/**
 * Calls `use` with a copy of libhdf5; after an error, the next call gets a new one. Each takes about 6 MB, which are not freed.
 *
 * @throws the error of `use`.
 */
export async function withLibhdf5<T>(use: (library: Libhdf5) => T): Promise<T> {
  for (;;) {
    current ??= load();
    const copy = current;
    try {
      const library = await copy;
      // Meanwhile, another call may have failed.
      if (copy === current) return use(library);
    } catch (error) {
      if (copy === current) current = undefined;
      throw error;
    }
  }
}

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
    // Exceptions of C++ arrive as numbers.
    const message = error instanceof Error ? error.message : `exception ${String(error)}`;
    const reason = [...message.matchAll(/^ *#\d+: .* in \w+\(\): (.*)$/gm)].at(-1)?.[1] ?? message;
    throw new ModelError(`${fileName}: ${expectation}, received an error: ${reason.split('\n')[0]}.`, { cause: error });
  }
}

// --- internal ---

const url = import.meta.resolve('h5wasm');

let current: Promise<Libhdf5> | undefined;
let copyCount = 0;

async function load(): Promise<Libhdf5> {
  copyCount += 1;
  // Another query is another module, with a memory of its own.
  const library = (await import(/* @vite-ignore */ `${url}?copy=${copyCount}`)) as Libhdf5;
  const { FS, activate_throwing_error_handler: throwErrors } = await library.ready;
  removeDevices(FS);
  // Otherwise libhdf5 prints its errors and continues.
  throwErrors();
  return library;
}

/** Otherwise external storage at `/dev/null` would read as zeros. */
function removeDevices(fileSystem: Awaited<Libhdf5['ready']>['FS']): void {
  for (const name of fileSystem.readdir('/dev')) {
    const path = `/dev/${name}`;
    if (!fileSystem.isDir(fileSystem.lstat(path).mode)) fileSystem.unlink(path);
  }
}
