/**
 * A line of a CSV table (RFC 4180), including its line break.
 *
 * Text that a spreadsheet would interpret as a formula is not escaped.
 *
 * @param cells numbers are written with nine significant digits, enough to restore a float32 exactly.
 */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => quote(typeof cell === 'number' ? cell.toPrecision(9) : cell)).join(',')}\n`;
}

// --- internal ---

function quote(cell: string): string {
  // A line that begins with "#" is a comment to many readers.
  return /^#|[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
