/** What a file is by its first bytes: its name says nothing, and no decoder is shown what is not accepted. */
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
  // With 32 and with 64 bit offsets.
  tiff: ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
};

/** Of still images and sequences, whatever codes them; the item that is shown decides (heif-item.ts). */
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
 * What a file's first bytes are: an accepted format, or why not. `refused` is the name of an image format that is not
 * accepted, and null for what is no image.
 */
export function sniffFormat(bytes: Uint8Array): { accepted: ImageFormat } | { refused: string | null; reason: string } {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');
  const format = (Object.keys(accepted) as (keyof typeof accepted)[]).find((one) =>
    accepted[one].some((start) => startsLike(head, start)),
  );
  // What Xcode makes of PNGs for phones.
  const isApplePng = format === 'png' && head.slice(12, 16) === 'CgBI';
  if (format !== undefined && !isApplePng) return { accepted: format };
  if (brandsOf(head).some((brand) => imageBrands.includes(brand))) return { accepted: 'heif' };
  const other = isApplePng ? applePng : rejectedKind(head);
  if (other === undefined)
    return {
      refused: null,
      reason: 'not an image: it starts like none of JPEG, PNG, WebP, GIF, TIFF, AVIF and HEIC',
    };
  const { isImage, name, remedy } = other;
  return {
    refused: isImage ? name : null,
    reason: `${isImage ? 'not an accepted image' : 'not an image'}: ${name}; ${remedy}`,
  };
}

/**
 * The format of a file's content.
 *
 * @throws Error whose message says what it is instead, and how to turn it into an image.
 */
export function formatOf(bytes: Uint8Array): ImageFormat {
  const format = sniffFormat(bytes);
  if ('accepted' in format) return format.accepted;
  throw new Error(format.reason);
}

// --- internal ---

/** What is looked at. */
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
