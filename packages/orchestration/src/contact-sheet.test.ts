import { expect, it } from 'vitest';
import { contactSheet, sheetSize } from './contact-sheet.ts';

it('places the images of each column below each other, on white', () => {
  const size = { rowCount: 3, columnCount: 2, size: 2 };
  const columns = [0, 1].map((column) =>
    Uint8Array.from({ length: 3 * 2 * 2 * 3 }, (_, index) => 100 * column + Math.floor(index / 3)),
  );
  const { pixels, ...sheet } = contactSheet(columns, size);
  expect(sheet).toEqual(sheetSize(size));
  expect(sheet).toEqual({ width: 16, height: 22 });
  const rows = Array.from({ length: sheet.height }, (_, y) =>
    Array.from({ length: sheet.width }, (_, x) => pixels[3 * (y * sheet.width + x)]!),
  );
  // Two images per row, of 2 × 2 pixels; 255 around them.
  const inked = rows.flatMap((row, y) =>
    row.some((value) => value < 255) ? [[y, ...row.filter((v) => v < 255)]] : [],
  );
  expect(inked).toEqual([
    [4, 0, 1, 100, 101],
    [5, 2, 3, 102, 103],
    [10, 4, 5, 104, 105],
    [11, 6, 7, 106, 107],
    [16, 8, 9, 108, 109],
    [17, 10, 11, 110, 111],
  ]);
  expect(rows[4]!.slice(3, 12)).toEqual([255, 0, 1, 255, 255, 255, 255, 100, 101]);
});
