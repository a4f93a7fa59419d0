/** White pixels between images. */
const gap = 4;

/** The size in pixels of a {@link contactSheet}. */
export function sheetSize({ rowCount, columnCount, size }: { rowCount: number; columnCount: number; size: number }) {
  const [width, height] = [columnCount, rowCount].map((count) => count * (size + gap) + gap) as [number, number];
  return { width, height };
}

/**
 * Places images of one size in a grid.
 *
 * @param columns RGB bytes of the images of each column, [rows, size, size, 3].
 * @param size side of the images in pixels.
 */
export function contactSheet(columns: readonly Uint8Array[], { rowCount, size }: { rowCount: number; size: number }) {
  const { width, height } = sheetSize({ rowCount, columnCount: columns.length, size });
  const pixels = new Uint8Array(width * height * 3).fill(255);
  const lineLength = size * 3;
  for (const [column, images] of columns.entries())
    for (let line = 0; line < rowCount * size; line += 1) {
      const top = gap + Math.floor(line / size) * (size + gap) + (line % size);
      const start = top * width + gap + column * (size + gap);
      pixels.set(images.subarray(line * lineLength, (line + 1) * lineLength), 3 * start);
    }
  return { pixels, width, height };
}
