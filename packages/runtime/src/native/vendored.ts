/**
 * The files of `@tensorflow/tfjs-node-gpu` that Chorus uses; the build copies them unchanged to this package's `dist`.
 *
 * The package is not a dependency, because its install script downloads an unused libtensorflow of 400 MB without a
 * checksum, and fails the whole installation if that server is unreachable.
 */
import { fileURLToPath } from 'node:url';

export const vendoredFolder = fileURLToPath(new URL('../../dist/tfjs-node-gpu', import.meta.url));
