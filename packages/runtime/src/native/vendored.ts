/**
 * The files of `@tensorflow/tfjs-node-gpu` that Chorus uses, copied unchanged into this package's `dist` by the build.
 *
 * The package is not a dependency, because its install script downloads a libtensorflow of 400 MB that Chorus does not use,
 * without a checksum, and fails the whole installation where that server cannot be reached.
 */
import { fileURLToPath } from 'node:url';

export const vendoredFolder = fileURLToPath(new URL('../../dist/tfjs-node-gpu', import.meta.url));
