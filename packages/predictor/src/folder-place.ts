/** A bundle in a folder of this machine. */
import { join } from 'node:path';
import { readRegularFile, UnreadableFileError } from '@chorus/storage';
import type { BundlePlace } from './bundle-files.ts';
import { PredictorError } from './errors.ts';

export function folderPlace(folder: string): BundlePlace {
  return {
    name: folder,
    async read(file, { maxBytes, onBytes, signal }) {
      signal?.throwIfAborted();
      const path = join(folder, file);
      try {
        const content = await readRegularFile(path, { maxBytes });
        onBytes?.(content.length);
        return new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.length);
      } catch (error) {
        if (!(error instanceof UnreadableFileError)) throw error;
        throw new PredictorError(`Expected a bundle at ${folder}. ${error.message}`, { cause: error });
      }
    },
  };
}
