/** A heat map in words, for those who cannot see it. */

/** A part of the sum in the rows or columns of one third of a map above which the map lies in that third. */
const most = 0.5;

/**
 * Describes where a heat map is hot, such as `upper left`, `center`, `right` or `everywhere`.
 *
 * @param rows a grid of numbers that are not negative, from the top.
 * @returns undefined for a map of zeros.
 */
export function heatPlace(rows: readonly (readonly number[])[]): string | undefined {
  const sums = { rows: [0, 0, 0], columns: [0, 0, 0] };
  let total = 0;
  for (const [y, row] of rows.entries())
    for (const [x, value] of row.entries()) {
      sums.rows[thirdOf(y, rows.length)]! += value;
      sums.columns[thirdOf(x, row.length)]! += value;
      total += value;
    }
  if (total === 0) return undefined;
  const third = (parts: readonly number[]) => parts.findIndex((part) => part > most * total);
  return places[third(sums.rows) + 1]![third(sums.columns) + 1];
}

// --- internal ---

/** By the third of the rows and that of the columns; the first row and column are for maps without one. */
const places = [
  ['everywhere', 'left', 'center from top to bottom', 'right'],
  ['top', 'upper left', 'upper center', 'upper right'],
  ['middle from left to right', 'middle left', 'center', 'middle right'],
  ['bottom', 'lower left', 'lower center', 'lower right'],
] as const;

/** The third that the center of a cell is in. */
function thirdOf(position: number, count: number): 0 | 1 | 2 {
  return Math.floor((3 * (position + 0.5)) / count) as 0 | 1 | 2;
}
