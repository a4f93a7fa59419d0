import sharp from 'sharp';

/** Encodes RGB pixels, row by row, as a PNG file. */
export async function encodePng(pixels: Uint8Array, size: { width: number; height: number }): Promise<Uint8Array> {
  return await sharp(pixels, { raw: { ...size, channels: 3 } })
    .png()
    .toBuffer();
}
