/**
 * A stranger's HDF5 file, looked into with care: no link is followed, and nothing is read of a dataset before its shape,
 * type and layout are known.
 *
 * What libhdf5 allocates follows from the file's size: of the layouts only the one that Keras writes is taken, where numbers
 * lie in one piece, and of all shapes together no more than the file has room for. Chunks and filters could unfold into any
 * size; virtual datasets name other files. External storage does too, which h5wasm does not tell: so there are no other
 * files. They are opened in the wasm module's own memory, emptied of its devices, under a name that no file can foresee.
 * One hole is left: a text outside its place may lie about its length, and libhdf5 takes that much memory, 2 GiB at most,
 * before it compares.
 */
import h5wasm, { File } from 'h5wasm';
import { ModelError } from '../errors.ts';
import { checkGlobalHeaps } from './global-heaps.ts';
import { H5Group } from './h5-group.ts';
import { attempt } from './libhdf5-errors.ts';
import { ReadingLimits } from './reading-limits.ts';

/**
 * Opens a file, hands its root to `use`, and closes it.
 *
 * @throws ModelError naming the file where it is no whole HDF5 file.
 */
export async function withH5File<T>(file: { name: string; bytes: Uint8Array }, use: (root: H5Group) => T): Promise<T> {
  const { FS, activate_throwing_error_handler: throwErrors } = await h5wasm.ready;
  removeDevices(FS);
  // Else libhdf5 prints its errors and goes on.
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
      attempt(file.name, 'expected a sound HDF5 file', () => opened.close());
    }
  } finally {
    FS.unlink(path);
  }
}

// --- internal ---

/** Else external storage at `/dev/null` would read as zeros. */
function removeDevices(fileSystem: Awaited<typeof h5wasm.ready>['FS']): void {
  for (const name of fileSystem.readdir('/dev')) {
    const path = `/dev/${name}`;
    if (!fileSystem.isDir(fileSystem.lstat(path).mode)) fileSystem.unlink(path);
  }
}
