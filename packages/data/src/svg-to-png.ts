import sharp from 'sharp';

/** A picture as a PNG file. */
export interface PngPicture {
  bytes: Uint8Array;
  /** Pixels. */
  width: number;
  height: number;
}

/** Draws an SVG at its own size. */
export async function svgToPng(svg: string): Promise<PngPicture> {
  const { data: bytes, info } = await sharp(Buffer.from(svg)).png().toBuffer({ resolveWithObject: true });
  return { bytes, width: info.width, height: info.height };
}
