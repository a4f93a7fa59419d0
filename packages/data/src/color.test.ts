import { expect, it } from 'vitest';
import { hexColor, isColor } from './color.ts';

it.each([
  ['white', '#ffffff'],
  ['#fff', '#ffffff'],
  ['#c08040', '#c08040'],
  ['rgb(10 200 30)', '#0ac81e'],
  ['rgb(10, 200, 30)', '#0ac81e'],
  ['hsl(120, 100%, 50%)', '#00ff00'],
  ['#ff800080', '#ff8000'],
  ['transparent', '#000000'],
])('%s is the color %s', async (color, hex) => {
  expect(isColor(color)).toBe(true);
  expect(await hexColor(color)).toBe(hex);
});

it.each(['', 'nocolor', '#12', '255'])('%j is no color', async (text) => {
  expect(isColor(text)).toBe(false);
  await expect(hexColor(text)).rejects.toThrow();
});
