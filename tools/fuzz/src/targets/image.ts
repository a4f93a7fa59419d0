import { decodeImageBytes } from '@chorus/data';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

const words = [
  ...[
    '\xff\xd8\xff',
    '\xff\xc0',
    '\xff\xc2',
    '\xff\xda',
    '\xff\xd9',
    '\xff\xdd\x00\x04',
    'Exif\0\0',
    'ICC_PROFILE\0',
    'Adobe\0',
  ],
  ...['IHDR', 'IDAT', 'IEND', 'PLTE', 'tRNS', 'iCCP', 'acTL', 'GIF87a', 'GIF89a', '\x21\xf9\x04', '\x2c', '\x3b'],
  ...[
    'RIFF',
    'WEBP',
    'VP8 ',
    'VP8L',
    'VP8X',
    'ANIM',
    'ANMF',
    'II*\0',
    'MM\0*',
    'ftyp',
    'avif',
    'mif1',
    'meta',
    'ispe',
    'iloc',
  ],
];

/** Image files: their headers and structure, which Chorus checks, and their pixels. */
export const image: FuzzTarget = {
  name: 'image',
  mutate: mutateBytes(words),
  // Decoding names its reasons by plain errors.
  refusals: ['Error'],
  async open() {
    const options = { maxPixels: 1e6, timeoutMs: 2000, background: 'white', resize: 'pillow' } as const;
    return async (input) => {
      const [square] = await decodeImageBytes(input, [32], options);
      if (square?.length !== 32 * 32 * 3) throw new TypeError(`expected a square of 32 px, received ${square?.length}`);
    };
  },
};
