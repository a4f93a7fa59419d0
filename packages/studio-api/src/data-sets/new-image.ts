/** Looks at the file of an image before it is added to a data set. */
import { type ImageInfo, inspectImageBytes, PixelBudget } from '@chorus/data';
import { RequestError } from '@chorus/server/http';
import { imageFileName } from './names.ts';

/**
 * Decodes an image, and makes a name for its file.
 *
 * @param name that was sent with it.
 * @returns a safe name with the ending of its format.
 * @throws RequestError when the bytes are not a usable image.
 */
export async function nameOfUsableImage(bytes: Uint8Array, name: string): Promise<string> {
  const { format } = await inspectImageBytes(bytes, limits, budget).catch((error: Error) => {
    throw new RequestError(422, 'unusable_image', `The image cannot be used: ${error.message}.`);
  });
  return imageFileName(name, endingOf(format, name));
}

// --- internal ---

const limits = { maxPixels: 100_000_000, timeoutMs: 20_000 };
/** Of all images that are being decoded. */
const budget = new PixelBudget(limits.maxPixels);

const endings = { jpeg: '.jpg', png: '.png', webp: '.webp', gif: '.gif', tiff: '.tif', heif: '.avif' } as const;

/** `heif` is the container of AVIF and HEIC, which only their names tell apart here. */
function endingOf(format: ImageInfo['format'], name: string): string {
  if (format !== 'heif') return endings[format];
  return /\.(avif|heic|heif)$/i.exec(name)?.[0].toLowerCase() ?? endings.heif;
}
