/**
 * Reads untrusted HDF5 files defensively: follows no link, and reads no dataset before its shape, type and layout are checked.
 *
 * The size of the file bounds what libhdf5 allocates: only the layout that Keras writes is accepted, contiguous numbers, and
 * all shapes together must fit into the file. Chunks and filters could expand to any size, and virtual datasets refer to other
 * files. External storage does, too, but h5wasm does not report it; therefore no other file is reachable: a file is opened
 * under an unpredictable name in the memory of the WebAssembly module, whose devices are removed. One gap remains: a string of
 * variable length may state a false length, and libhdf5 allocates it, at most 2 GiB, before it checks; SECURITY.md says why.
 */
import { ModelError } from '../errors.ts';
import { checkGlobalHeaps } from './global-heaps.ts';
import { H5Group } from './h5-group.ts';
import { attempt, type Libhdf5, withLibhdf5 } from './libhdf5.ts';
import { ReadingLimits } from './reading-limits.ts';

/**
 * Opens a file, passes its root to `use` and closes it.
 *
 * @throws ModelError naming the file if it is not a complete HDF5 file.
 */
export async function withH5File<T>(file: { name: string; bytes: Uint8Array }, use: (root: H5Group) => T): Promise<T> {
  if (file.bytes[0] === 0x50 && file.bytes[1] === 0x4b)
    throw new ModelError(
      `${file.name}: expected an HDF5 file, received a zip archive; ` +
        'of a .keras file: model.save_weights("x.weights.h5").',
    );
  const limits = new ReadingLimits(file, checkGlobalHeaps(file));
  return withLibhdf5((library) => read(library, file, limits, use));
}

// --- internal ---

function read<T>(
  library: Libhdf5,
  { name, bytes }: { name: string; bytes: Uint8Array },
  limits: ReadingLimits,
  use: (root: H5Group) => T,
): T {
  const { FS } = library;
  const path = `/${crypto.randomUUID()}.h5`;
  FS!.writeFile(path, bytes);
  try {
    const opened = attempt(name, 'expected an HDF5 file', () => new library.File(path, 'r'));
    try {
      return use(new H5Group(opened, { fileName: name, limits, library }));
    } finally {
      attempt(name, 'expected a valid HDF5 file', () => opened.close());
    }
  } finally {
    FS!.unlink(path);
  }
}
