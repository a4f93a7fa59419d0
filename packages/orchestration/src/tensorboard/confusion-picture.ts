/** Draws a confusion matrix as an SVG. */
import { displayName } from '../display-name.ts';
import { fixed, shortened, svgText } from '../svg.ts';

/**
 * Cells without images stay white. With many classes, there are no names and numbers.
 *
 * @param confusion numbers of images: rows are true classes, columns predicted classes. The color of a cell is its share of the row.
 */
export function confusionSvg(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const isLabeled = classes.length <= mostLabeled;
  const cell = isLabeled ? 56 : Math.max(4, Math.floor(mostPixels / classes.length));
  const names = classes.map((name) => shortened(displayName(name), longestName));
  const margin = isLabeled ? 38 + 7.2 * Math.max(...names.map((name) => name.length)) : 28;
  const [left, top] = [margin, margin];
  const side = cell * classes.length;
  const [width, height] = [left + side + 12, top + side + 12].map(Math.ceil) as [number, number];
  const cells = confusion.flatMap((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, predicted) => {
      if (count === 0) return [];
      const [x, y] = [left + predicted * cell, top + label * cell];
      const share = count / total;
      const square = `<rect x="${fixed(x)}" y="${fixed(y)}" width="${cell}" height="${cell}" fill="${colorOf(share)}"/>`;
      const style = `text-anchor="middle" fill="${share > 0.5 ? '#fff' : '#222'}"`;
      return isLabeled ? square + svgText(x + cell / 2, y + cell / 2 + 5, `${count}`, style) : square;
    });
  });
  const labels = isLabeled
    ? names.flatMap((name, index) => {
        const middle = (index + 0.5) * cell;
        const [x, y] = [left + middle + 5, top - 8];
        return [
          svgText(left - 8, top + middle + 5, name, 'text-anchor="end"'),
          svgText(x, y, name, `transform="rotate(-90 ${fixed(x)} ${fixed(y)})"`),
        ];
      })
    : [];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...cells,
    `<rect x="${fixed(left)}" y="${fixed(top)}" width="${side}" height="${side}" fill="none" stroke="#888"/>`,
    ...labels,
    axis(left + side / 2, 16, 'predicted'),
    axis(16, top + side / 2, 'true', `transform="rotate(-90 16 ${fixed(top + side / 2)})"`),
    '</svg>',
  ].join('\n');
}

// --- internal ---

const mostLabeled = 20;
/** Side in pixels of a matrix without names. */
const mostPixels = 480;
const longestName = 20;

function axis(x: number, y: number, title: string, transform = ''): string {
  return svgText(x, y, title, `text-anchor="middle" font-weight="bold" ${transform}`);
}

/** From white to blue. */
function colorOf(share: number): string {
  const [red, green, blue] = [31, 95, 168].map((end) => Math.round(255 + share * (end - 255)));
  return `rgb(${red},${green},${blue})`;
}
