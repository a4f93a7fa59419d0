/**
 * A line of a CSV table (RFC 4180), its end included.
 *
 * Cells are written as they are: nothing is done about texts that a spreadsheet would take for a formula.
 *
 * @param cells numbers with nine significant digits, which bring a float32 to text and back.
 */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => quote(typeof cell === 'number' ? cell.toPrecision(9) : cell)).join(',')}\n`;
}

// --- internal ---

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
