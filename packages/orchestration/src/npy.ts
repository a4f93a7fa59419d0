/**
 * NumPy's array file, format 1.0: little-endian float32, row by row.
 *
 * @param values [rows, width], as many as the shape says.
 * @returns what `numpy.save` writes, byte for byte.
 */
export function npyBytes(values: Float32Array, [rows, width]: readonly [number, number]): Uint8Array {
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  // \x93NUMPY, version 1.0, and in two bytes the length of what comes: spaces up to a line's end at byte 128.
  const header = `\x93NUMPY\x01\0\x76\0${shape.padEnd(117)}\n`;
  const numbers = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  // Every processor that TensorFlow's library is set up for is little-endian.
  return Buffer.concat([Buffer.from(header, 'latin1'), numbers]);
}
