/** Mutations of bytes without a known structure. */
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { below, pick } from '../random.ts';
import type { Mutate } from '../target.ts';

/** Larger inputs only take longer. */
const maxBytes = 2 ** 20;

/**
 * Returns a mutation that overwrites, inserts, removes, repeats and truncates bytes.
 *
 * @param words texts that mean something in the format, such as the names of its chunks.
 */
export function mutateBytes(words: readonly string[] = []): Mutate {
  const tokens = words.map((word) => Buffer.from(word, 'latin1'));
  return (input, random, others) => {
    let bytes: Buffer = Buffer.from(input);
    for (let count = 1 + below(random, 4); count > 0; count -= 1)
      bytes = pick(random, changes)(bytes, random, { tokens, others });
    return bytes.subarray(0, maxBytes);
  };
}

// --- internal ---

interface Material {
  tokens: readonly Buffer[];
  others: readonly Uint8Array[];
}

type Change = (bytes: Buffer, random: RandomGenerator, material: Material) => Buffer;

/** Sizes and counts at which parsers overflow, allocate or loop. */
const numbers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const changes: readonly Change[] = [
  function flipBit(bytes, random) {
    if (bytes.length > 0) bytes[below(random, bytes.length)]! ^= 1 << below(random, 8);
    return bytes;
  },
  function setByte(bytes, random) {
    if (bytes.length > 0) bytes[below(random, bytes.length)] = below(random, 256);
    return bytes;
  },
  function setNumber(bytes, random) {
    const number = Buffer.alloc(8);
    const size = pick(random, [2, 4, 8]);
    if (size === 8) number.writeBigUInt64LE(BigInt(pick(random, numbers)) << BigInt(pick(random, [0, 31])));
    else number.writeUInt32LE(pick(random, numbers));
    const part = number.subarray(0, size);
    return overwrite(bytes, random, below(random, 2) === 0 ? part : part.reverse());
  },
  function setWord(bytes, random, { tokens }) {
    return tokens.length === 0 ? bytes : overwrite(bytes, random, pick(random, tokens));
  },
  function insert(bytes, random, { tokens }) {
    const at = below(random, bytes.length + 1);
    const part = tokens.length > 0 ? pick(random, tokens) : Buffer.alloc(1 + below(random, 64), below(random, 256));
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  function remove(bytes, random) {
    const [start, end] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  function repeat(bytes, random) {
    const [start, end] = range(bytes, random);
    const part = bytes.subarray(start, end);
    const count = Math.min(1 + below(random, 30), Math.floor(maxBytes / Math.max(part.length, 1)));
    return Buffer.concat([bytes.subarray(0, end), ...Array.from({ length: count }, () => part), bytes.subarray(end)]);
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, below(random, bytes.length + 1));
  },
  function splice(bytes, random, { others }) {
    const other = Buffer.from(pick(random, others));
    return Buffer.concat([
      bytes.subarray(0, below(random, bytes.length + 1)),
      other.subarray(below(random, other.length + 1)),
    ]);
  },
];

function overwrite(bytes: Buffer, random: RandomGenerator, part: Buffer): Buffer {
  part.copy(bytes, below(random, bytes.length + 1));
  return bytes;
}

/** A short part, or rarely any part. */
function range(bytes: Buffer, random: RandomGenerator): [number, number] {
  const start = below(random, bytes.length + 1);
  const longest = bytes.length - start;
  return [start, start + below(random, Math.min(longest, below(random, 8) === 0 ? longest : 64) + 1)];
}
