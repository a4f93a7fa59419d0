import { expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

// The examples of RFC 3720, appendix B.4, and the check value of the catalog of CRC algorithms.
it.each<[string, Uint8Array, number]>([
  ['no bytes', new Uint8Array(), 0],
  ['32 bytes of zeroes', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes, incrementing', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['32 bytes, decrementing', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  ['"123456789"', Buffer.from('123456789'), 0xe3069283],
])('of %s', (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});
