/** Detects missing pixels that libvips fills in silently. */
import type { ImageFormat } from './decode-format.ts';
import { countGifPixels } from './gif-pixels.ts';
import type { ImageLayout } from './image-layout.ts';
import { findLostTiffPixels } from './tiff-strips.ts';

/**
 * Rejects a GIF or TIFF with missing pixels.
 *
 * @throws Error whose message says what is missing.
 */
export async function requireAllPixels(format: ImageFormat, bytes: Uint8Array, { gif }: ImageLayout): Promise<void> {
  const lost = format === 'tiff' ? await findLostTiffPixels(bytes) : null;
  if (lost !== null) throw new Error(`damaged: ${lost}`);
  if (gif === undefined) return;
  const wanted = gif.frame.width * gif.frame.height;
  const count = await countGifPixels(bytes, gif.dataStart, wanted);
  if (count < wanted) throw new Error(`damaged: a GIF whose first frame has ${count} of its ${wanted} pixels`);
}
