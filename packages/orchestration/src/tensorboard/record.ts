import { crc32c } from './crc32c.ts';

/** A record of a TFRecord file: length, its checksum, content, its checksum; all numbers are little-endian. */
export function recordOf(content: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + content.length + crcBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(lengthBytes, maskedCrc(record.subarray(0, lengthBytes)), true);
  record.set(content, headerBytes);
  view.setUint32(headerBytes + content.length, maskedCrc(content), true);
  return record;
}

// --- internal ---

const [lengthBytes, crcBytes] = [8, 4];
const headerBytes = lengthBytes + crcBytes;

/** As in tensorflow/core/lib/hash/crc32c.h: rotated and shifted, because checksums of data that contains checksums are weak. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
