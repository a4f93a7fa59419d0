/**
 * Reads untrusted HDF5 files defensively: follows no link, and reads no dataset before its shape, type and layout are checked.
 *
 * The size of the file bounds what libhdf5 allocates: only the layout that Keras writes is accepted, contiguous numbers, and
 * all shapes together must fit into the file. Chunks and filters could expand to any size, and virtual datasets refer to other
 * files. External storage does, too, but h5wasm does not report it; therefore no other file is reachable: a file is opened
 * under an unpredictable name in the memory of the WebAssembly module, whose devices are removed. One gap remains: a string in a
 * global heap may state a false length, and libhdf5 allocates it, at most 2 GiB, before it checks.
 */
import h5wasm, { File } from 'h5wasm';
import { ModelError } from '../errors.ts';
import { checkGlobalHeaps } from './global-heaps.ts';
import { H5Group } from './h5-group.ts';
import { attempt, requireIntactLibrary } from './libhdf5-errors.ts';
import { ReadingLimits } from './reading-limits.ts';

/**
 * Opens a file, passes its root to `use` and closes it.
 *
 * @throws ModelError naming the file if it is not a complete HDF5 file; for any file after one that made libhdf5 trap.
 */
export async function withH5File<T>(file: { name: string; bytes: Uint8Array }, use: (root: H5Group) => T): Promise<T> {
  requireIntactLibrary(file.name);
  const { FS, activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
  removeDevices(FS);
  // Otherwise libhdf5 prints its errors and continues.
  throwErrors();
  if (file.bytes[0] === 0x50 && file.bytes[1] === 0x4b)
    throw new ModelError(
      `${file.name}: expected an HDF5 file, received a zip archive; ` +
        'of a .keras file: model.save_weights("x.weights.h5").',
    );
  const limits = new ReadingLimits(file, checkGlobalHeaps(file));
  const path = `/${crypto.randomUUID()}.h5`;
  FS.writeFile(path, file.bytes);
  try {
    const opened = attempt(file.name, 'expected an HDF5 file', () => new File(path, 'r'));
    try {
      return use(new H5Group(file.name, limits, opened));
    } finally {
      attempt(file.name, 'expected a valid HDF5 file', () => opened.close());
    }
  } finally {
    FS.unlink(path);
  }
}

// --- internal ---

/** Otherwise external storage at `/dev/null` would read as zeros. */
function removeDevices(fileSystem: Awaited<typeof h5wasm.ready>['FS']): void {
  for (const name of fileSystem.readdir('/dev')) {
    const path = `/dev/${name}`;
    if (!fileSystem.isDir(fileSystem.lstat(path).mode)) fileSystem.unlink(path);
  }
}
