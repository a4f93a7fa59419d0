import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import sharp, { type Sharp } from 'sharp';

/** [height, width, 3] with many edges: the same input as for OpenCV and Pillow (`tools/golden/pillow.py`). */
export function picture(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, y, channel] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width), index % 3];
    return (x * x * 3 + y * y * 5 + x * y * 7 + (x + 1) * channel * 53) % 256;
  });
}

/** [540, 720, 3] with the smooth areas, edges and texture of a photograph, generated from a seed. */
export async function photo(seed: number): Promise<Sharp> {
  const random = xoroshiro128plus(seed);
  const noise = async (width: number, height: number, levels: number) =>
    sharp(
      Uint8Array.from({ length: width * height * 3 }, () => 128 + uniformInt(random, -levels, levels)),
      { raw: { width, height, channels: 3 } },
    )
      .resize(720, 540, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer();
  const [coarse, middle, fine] = [await noise(8, 6, 120), await noise(36, 27, 70), await noise(240, 180, 25)];
  const pixels = Uint8Array.from(coarse, (value, at) =>
    Math.max(0, Math.min(255, value + middle[at]! + fine[at]! - 256)),
  );
  return sharp(
    await sharp(pixels, { raw: { width: 720, height: 540, channels: 3 } })
      .png()
      .toBuffer(),
  );
}
