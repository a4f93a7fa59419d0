/** CSS colors behind transparent pixels. */
import sharp from 'sharp';

/** Whether a text is a CSS color: `white`, `#7f7f7f`, `rgb(127, 127, 127)`. */
export function isColor(text: string): boolean {
  try {
    sharp().flatten({ background: text });
    return true;
  } catch {
    return false;
  }
}

/**
 * The color that a background gives to pixels that are transparent altogether, as `#rrggbb`, which every program reads.
 *
 * @param color a CSS color; its own transparency is ignored.
 * @throws Error when it is none.
 * @example
 * await hexColor('rgb(10 200 30)'); // #0ac81e
 */
export async function hexColor(color: string): Promise<string> {
  const transparent = { width: 1, height: 1, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const;
  const pixel = await sharp({ create: transparent }).flatten({ background: color }).raw().toBuffer();
  return `#${pixel.toString('hex', 0, 3)}`;
}
