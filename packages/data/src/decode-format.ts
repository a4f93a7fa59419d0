/** What a file is by its first bytes: its name says nothing, and no decoder is shown what is not accepted. */

/** `heif` is the container of AVIF and HEIC. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'heif';

/** Latin-1 bytes at the start of a file; `?` stands for any byte. */
const accepted: Record<ImageFormat, readonly string[]> = {
  jpeg: ['\xff\xd8\xff'],
  png: ['\x89PNG\r\n\x1a\n'],
  webp: ['RIFF????WEBP'],
  gif: ['GIF87a', 'GIF89a'],
  // With 32 and with 64 bit offsets.
  tiff: ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'],
  heif: ['avif', 'avis', 'mif1', 'msf1', 'heic', 'heix', 'heim', 'heis', 'hevc', 'hevx'].map(
    (brand) => `????ftyp${brand}`,
  ),
};

/** Known, so that the reason says more than "not an image". */
const refused: Record<string, readonly string[]> = {
  // Its bytes 6 to 9 are reserved, and zero; two letters alone would be many a text.
  bmp: ['BM????\0\0\0\0'],
  ico: ['\0\0\x01\0'],
  psd: ['8BPS'],
  pdf: ['%PDF'],
  'jpeg 2000': ['\0\0\0\x0cjP', '\xff\x4f\xff\x51'],
  'jpeg xl': ['\0\0\0\x0cJXL', '\xff\x0a'],
};

/**
 * What a file's first bytes are: an accepted format, or why not. `refused` is the name of a format that is not accepted, and
 * null for what is none.
 */
export function sniffFormat(bytes: Uint8Array): { accepted: ImageFormat } | { refused: string | null; reason: string } {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  const find = <Format extends string>(starts: Record<Format, readonly string[]>) =>
    (Object.keys(starts) as Format[]).find((format) => starts[format].some((start) => startsLike(head, start)));
  const accepts = find(accepted);
  if (accepts !== undefined) return { accepted: accepts };
  // SVG is a program, which may name other files.
  const other = /<svg[\s>]/i.test(head) ? 'svg' : (find(refused) ?? null);
  const reason =
    other === null
      ? 'not an image: it starts like none of JPEG, PNG, WebP, GIF, TIFF, AVIF and HEIC'
      : `not an accepted image: ${other}; save it as JPEG or PNG`;
  return { refused: other, reason };
}

/**
 * The format of a file's content.
 *
 * @throws Error of which the message says what it is instead.
 */
export function formatOf(bytes: Uint8Array): ImageFormat {
  const format = sniffFormat(bytes);
  if ('accepted' in format) return format.accepted;
  throw new Error(format.reason);
}

// --- internal ---

function startsLike(head: string, start: string): boolean {
  return Array.from(start, (character, index) => character === '?' || head[index] === character).every(Boolean);
}
