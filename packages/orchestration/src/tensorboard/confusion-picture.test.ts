import { svgToPng } from '@chorus/data';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { confusionSvg } from './confusion-picture.ts';

/** The colors of the cells, [red, green, blue], by rows. */
function colorsIn(svg: string): number[][] {
  return [...svg.matchAll(/fill="rgb\((\d+),(\d+),(\d+)\)"/g)].map(([, ...color]) => color.map(Number));
}

describe('confusionSvg', () => {
  it('colors cells by the share of their row, and escapes names', async () => {
    const svg = confusionSvg(
      [
        [3, 1],
        [0, 0],
      ],
      ['<b>&"cats"</b>', 'dogs\u0007'],
    );
    expect(colorsIn(svg)).toEqual([
      [87, 135, 190],
      [199, 215, 233],
    ]);
    expect(svg).toContain('>&lt;b>&amp;"cats"&lt;/b></text>');
    expect(svg).toContain('>dogs\\x07</text>');
    expect(svg).toContain('>3</text>');
    // An SVG that is not well-formed is refused.
    const { bytes, width, height } = await svgToPng(svg);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width, height });
  });

  it('leaves out names and numbers of many classes', async () => {
    const classes = Array.from({ length: 100 }, (_, index) => `class ${index}`);
    const svg = confusionSvg(
      classes.map((_, row) => classes.map((_, column) => (row === column ? 7 : 0))),
      classes,
    );
    expect(colorsIn(svg)).toEqual(classes.map(() => [31, 95, 168]));
    expect([...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text)).toEqual(['predicted', 'true']);
    const { width, height } = await svgToPng(svg);
    expect(Math.max(width, height)).toBeLessThan(600);
  });
});
