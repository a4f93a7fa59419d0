/**
 * Encodes a matrix as a NumPy array file, format 1.0: little-endian float32 in row-major order.
 *
 * @param values rows × width numbers.
 * @returns the same bytes as `numpy.save` writes.
 */
export function npyBytes(values: Float32Array, [rows, width]: readonly [number, number]): Uint8Array {
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  // \x93NUMPY, version 1.0, and the length of the header in two bytes; spaces pad the header to 128 bytes in total.
  const header = `\x93NUMPY\x01\0\x76\0${shape.padEnd(117)}\n`;
  const numbers = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  // All processors that TensorFlow supports are little-endian.
  return Buffer.concat([Buffer.from(header, 'latin1'), numbers]);
}
