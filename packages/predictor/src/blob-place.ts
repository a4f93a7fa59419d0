/** A bundle whose files the page has, such as those of a folder that was chosen or dropped. */
import type { BundlePlace } from './bundle-files.ts';
import { PredictorError } from './errors.ts';

/** @param files by their path in the bundle, with `/` between folders. */
export function blobPlace(files: ReadonlyMap<string, Blob>): BundlePlace {
  const name = 'the given files';
  return {
    name,
    async read(file, { maxBytes, onBytes, signal }) {
      signal?.throwIfAborted();
      const blob = files.get(file);
      if (blob === undefined) {
        const some = [...files.keys()].slice(0, 3).join(', ');
        throw new PredictorError(
          `Expected a bundle, with ${file}; received ${files.size === 0 ? 'no files' : `${some}${files.size > 3 ? `, … (${files.size} files)` : ''}`}.`,
        );
      }
      if (blob.size > maxBytes)
        throw new PredictorError(`Cannot read ${file}: expected at most ${maxBytes} bytes, received ${blob.size}.`);
      const content = await blob.arrayBuffer().catch((cause: unknown) => {
        throw new PredictorError(`Cannot read ${file}: ${(cause as Error).message}`, { cause });
      });
      signal?.throwIfAborted();
      onBytes?.(content.byteLength);
      return new Uint8Array(content);
    },
  };
}
