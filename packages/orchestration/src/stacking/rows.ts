/** Rows of matrices that are stored row by row. */

/** Copies rows of a matrix, in the given order, into a new one. */
export function pickRows(matrix: Float32Array, rows: ArrayLike<number>, width: number): Float32Array {
  const picked = new Float32Array(rows.length * width);
  for (let position = 0; position < rows.length; position += 1)
    picked.set(matrix.subarray(rows[position]! * width, (rows[position]! + 1) * width), position * width);
  return picked;
}

/** Copies rows to their places in a matrix; undoes {@link pickRows}. */
export function placeRows(matrix: Float32Array, rows: ArrayLike<number>, picked: Float32Array, width: number): void {
  for (let position = 0; position < rows.length; position += 1)
    matrix.set(picked.subarray(position * width, (position + 1) * width), rows[position]! * width);
}
