/** A bundle in a folder of this machine. */
import { join } from 'node:path';
import { readRegularFile, UnreadableFileError, waitWhileReplaced } from '@chorus/storage';
import type { BundlePlace } from './bundle-files.ts';
import { PredictorError } from './errors.ts';

export function folderPlace(folder: string): BundlePlace {
  return {
    name: folder,
    async read(file, { maxBytes, onBytes, signal }) {
      for (let attempt = 1; ; attempt += 1) {
        signal?.throwIfAborted();
        try {
          const content = await readRegularFile(join(folder, file), { maxBytes });
          onBytes?.(content.length);
          return new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.length);
        } catch (error) {
          if (!(error instanceof UnreadableFileError)) throw error;
          if (error.code !== 'ENOENT' || attempt === maxAttempts)
            throw new PredictorError(`Expected a bundle at ${folder}. ${error.message}`, { cause: error });
          await waitWhileReplaced(folder);
        }
      }
    },
  };
}

// --- internal ---

/** A bundle that is replaced is missing for an instant; it may be replaced again and again. */
const maxAttempts = 5;
