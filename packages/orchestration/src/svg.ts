/** Elements of an SVG. */

/** @param style attributes of the element. */
export function svgText(x: number, y: number, content: string, style = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${style}>${escaped}</text>`;
}

/** A name that takes at most so many letters. */
export function shortened(name: string, most: number): string {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join('')}…`;
}

/** A coordinate. */
export function fixed(value: number): string {
  return value.toFixed(1);
}
