/** Images that need everything that decoding does: larger than networks take, of other proportions, turned, transparent. */
import { join } from 'node:path';
import sharp from 'sharp';

/** Writes a turned JPEG file, a PNG file with transparent and translucent parts, and a gray one with such parts. */
export async function writePhotos(folder: string): Promise<string[]> {
  const [width, height] = [211, 150];
  const data = Uint8Array.from({ length: width * height * 4 }, (_, index) => {
    const [x, y, channel] = [Math.floor(index / 4) % width, Math.floor(index / 4 / width), index % 4];
    if (channel === 3) return x < 90 ? 0 : x < 150 ? 4 * (x - 90) : 255;
    return 128 + 80 * Math.sin(x / 9 + channel) + 40 * Math.cos((x * y) / 50);
  });
  const image = sharp(data, { raw: { width, height, channels: 4 } });
  const files = [join(folder, 'turned.jpg'), join(folder, 'transparent.png'), join(folder, 'gray.png')] as const;
  await image.clone().removeAlpha().withMetadata({ orientation: 6 }).jpeg().toFile(files[0]);
  await image.clone().png().toFile(files[1]);
  await image.toColorspace('b-w').png().toFile(files[2]);
  return [...files];
}
