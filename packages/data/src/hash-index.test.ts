import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashIndex, nearDistance } from './hash-index.ts';
import { hammingDistance } from './picture-hash.ts';

it('finds exactly the near hashes that a full comparison finds', () => {
  const anyChunk = fc.integer({ min: 0, max: 2 ** 16 - 1 });
  const anyHash = fc.tuple(anyChunk, anyChunk, anyChunk, anyChunk).map((chunks) => Uint16Array.from(chunks));
  // Random hashes differ in about 32 bits, so near ones are constructed.
  const anyFlips = fc.array(fc.uniqueArray(fc.nat(63), { maxLength: 10 }), { maxLength: 20 });
  fc.assert(
    fc.property(anyHash, anyFlips, fc.array(anyHash, { maxLength: 20 }), (hash, flips, others) => {
      const near = flips.map((bits) => {
        const flipped = hash.slice();
        for (const bit of bits) flipped[bit >> 4]! ^= 1 << (bit & 15);
        return flipped;
      });
      const hashes = [...near, ...others];
      const index = new HashIndex();
      for (const [id, one] of hashes.entries()) index.add(id, one);
      const expected = hashes
        .map((one, id) => ({ id, distance: hammingDistance(hash, one) }))
        .filter(({ distance }) => distance <= nearDistance)
        .toSorted((a, b) => a.distance - b.distance || a.id - b.id);
      expect(index.near(hash)).toEqual({ found: expected, isComplete: true });
    }),
  );
});

it('reports when the comparison limit is reached', () => {
  const index = new HashIndex();
  for (let id = 0; id < 5001; id += 1) index.add(id, new Uint16Array(4));
  expect(index.near(new Uint16Array(4)).isComplete).toBe(false);
});
