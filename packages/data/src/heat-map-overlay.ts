/** Heat maps drawn over pictures. */
import sharp from 'sharp';
import { heatColor } from './heat-colors.ts';
import {
  type DecodeLimits,
  encodeThumbnail,
  readThumbnail,
  type Thumbnail,
  type ThumbnailPixels,
} from './thumbnail.ts';

/** Rows of a grid over the whole picture, from the top, of numbers from 0 to 1. */
export type HeatMapRows = readonly (readonly number[])[];

/**
 * Draws each heat map over a gray copy of an image: gray where the map is 0, then purple, orange and light yellow. The image is
 * decoded once.
 *
 * @param side the longer side of the results at most, pixels.
 * @param limits as in {@link makeThumbnail}.
 * @returns a picture per map, in their order.
 * @throws Error as {@link makeThumbnail}.
 * @example
 * const [overlay] = await drawHeatMaps('cat.jpg', 224, [[[0, 0.5], [0.2, 1]]]);
 */
export async function drawHeatMaps(
  path: string,
  side: number,
  maps: readonly HeatMapRows[],
  limits?: DecodeLimits,
): Promise<Thumbnail[]> {
  const picture = await readThumbnail(path, side, limits);
  return Promise.all(maps.map(async (map) => encodeThumbnail(await drawOver(picture, map))));
}

// --- internal ---

/** Opacity of the color of 1. */
const strongest = 0.8;

async function drawOver({ data, width, height }: ThumbnailPixels, map: HeatMapRows): Promise<ThumbnailPixels> {
  const heat = await enlarge(map, width, height);
  const drawn = new Uint8Array(data.length);
  for (let pixel = 0; pixel < heat.length; pixel += 1) {
    const value = heat[pixel]! / 255;
    const opacity = strongest * value ** 0.7;
    const at = 3 * pixel;
    const gray = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    for (const [channel, color] of heatColor(value).entries())
      drawn[at + channel] = Math.round(gray * (1 - opacity) + color * opacity);
  }
  return { data: drawn, width, height };
}

/** Interpolates a map, 0..255, to the size of a picture. */
async function enlarge(map: HeatMapRows, width: number, height: number): Promise<Uint8Array> {
  const cells = Uint8Array.from(map.flat(), (value) => Math.round(255 * value));
  return sharp(cells, { raw: { width: map[0]!.length, height: map.length, channels: 1 } })
    .resize({ width, height, fit: 'fill', kernel: 'cubic' })
    .toColorspace('b-w')
    .raw()
    .toBuffer();
}
