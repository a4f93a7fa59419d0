/** Detects a file's format by its first bytes, not its name; only accepted formats reach a decoder. */
import { rejectedKind } from './rejected-kind.ts';
import { startsLike } from './starts-like.ts';

/** `heif` is the container of AVIF and HEIC. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'heif';

/** Latin-1 bytes at the start of a file; `?` stands for any byte. */
const accepted: Record<Exclude<ImageFormat, 'heif'>, readonly string[]> = {
  jpeg: ['\xff\xd8\xff'],
  png: ['\x89PNG\r\n\x1a\n'],
  webp: ['RIFF????WEBP'],
  gif: ['GIF87a', 'GIF89a'],
  // With 32-bit and with 64-bit offsets.
  tiff: ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
};

/** Brands of still images and sequences in any coding; the coding of the primary item decides (heif-item.ts). */
const imageBrands = ['avif', 'avis', 'mif1', 'mif2', 'miaf', 'msf1'].concat([
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'hevm',
  'hevs',
]);

/**
 * Detects the format of a file: an accepted one, or the reason for rejecting it. `refused` is the name of an image format
 * that is not accepted, and null for other files.
 */
export function sniffFormat(bytes: Uint8Array): { accepted: ImageFormat } | { refused: string | null; reason: string } {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');
  const format = (Object.keys(accepted) as (keyof typeof accepted)[]).find((one) =>
    accepted[one].some((start) => startsLike(head, start)),
  );
  // Xcode converts the PNGs of apps to this variant.
  const isApplePng = format === 'png' && head.slice(12, 16) === 'CgBI';
  if (format !== undefined && !isApplePng) return { accepted: format };
  if (brandsOf(head).some((brand) => imageBrands.includes(brand))) return { accepted: 'heif' };
  const other = isApplePng ? applePng : rejectedKind(head);
  if (other === undefined)
    return {
      refused: null,
      reason: 'not an image: its first bytes match none of JPEG, PNG, WebP, GIF, TIFF, AVIF or HEIC',
    };
  const { isImage, name, remedy } = other;
  return {
    refused: isImage ? name : null,
    reason: `${isImage ? 'not an accepted image' : 'not an image'}: ${name}; ${remedy}`,
  };
}

/**
 * Returns the format of a file's content.
 *
 * @throws Error whose message names the actual content and how to convert it.
 */
export function formatOf(bytes: Uint8Array): ImageFormat {
  const format = sniffFormat(bytes);
  if ('accepted' in format) return format.accepted;
  throw new Error(format.reason);
}

// --- internal ---

/** Number of bytes that are inspected. */
const headBytes = 1024;

const applePng = {
  name: 'a PNG in the variant of Xcode (CgBI)',
  remedy: 'take the original, or convert it with "xcrun pngcrush -revert-iphone-optimizations"',
  isImage: true,
};

/** The major and the compatible brands (ISO/IEC 14496-12, 4.3). */
function brandsOf(head: string): string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const size = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE();
  const compatible = head.slice(16, Math.min(size, headBytes)).match(/.{4}/gs) ?? [];
  return [head.slice(8, 12), ...compatible];
}
