/** Draws the mistakes of an ensemble as an SVG. */
import { encodePng, PixelStore } from '@chorus/data';
import { displayName } from '../display-name.ts';
import type { Report } from '../report/schema.ts';
import type { Dataset } from '../run/dataset.ts';
import { shortened, svgText } from '../svg.ts';

/** The images that the ensemble classifies wrongly, the most confident error first, each with its true and its predicted class. */
export async function mistakesSvg(
  mistakes: Report['mistakes'],
  { images, pixels }: Pick<Dataset, 'images' | 'pixels'>,
): Promise<string> {
  // The largest size has the most detail.
  const store = new PixelStore(pixels.get(Math.max(...pixels.keys()))!);
  const indexOf = new Map(images.map(({ relativePath }, index) => [relativePath, index]));
  const cards = await Promise.all(
    mistakes.map(async ({ path, label, predicted, probability }, position) => {
      const bytes = store.pixels(indexOf.get(path)!);
      const png = await encodePng(bytes, { width: store.size, height: store.size });
      const [x, y] = [
        card.gap + (position % columnCount) * card.width,
        Math.floor(position / columnCount) * card.height,
      ];
      const data = Buffer.from(png).toString('base64');
      return [
        `<image x="${x}" y="${y + card.gap}" width="${card.image}" height="${card.image}" href="data:image/png;base64,${data}"/>`,
        svgText(x, y + card.gap + card.image + 16, shortened(displayName(label), 22)),
        svgText(
          x,
          y + card.gap + card.image + 32,
          `→ ${shortened(displayName(predicted), 15)} ${Math.round(100 * probability)} %`,
        ),
      ].join('\n');
    }),
  );
  const width = card.gap + Math.min(mistakes.length, columnCount) * card.width;
  const height = Math.ceil(mistakes.length / columnCount) * card.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...cards,
    '</svg>',
  ].join('\n');
}

// --- internal ---

const columnCount = 5;
const card = { width: 172, height: 212, image: 160, gap: 12 };
