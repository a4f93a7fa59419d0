/** Mutations of safetensors files: of the header as JSON, with a length that fits, or of all bytes. */
import { below } from '../random.ts';
import type { Mutate } from '../target.ts';
import { mutateBytes } from './bytes.ts';
import { mutateJson } from './json.ts';

const lengthBytes = 8;

export const mutateSafetensors: Mutate = (input, random, others) => {
  const bytes = Buffer.from(input);
  const length = bytes.length < lengthBytes ? 0 : Number(bytes.readBigUInt64LE());
  if (length === 0 || below(random, 3) === 0)
    return mutateBytes(['F32', 'BF16', '__metadata__'])(input, random, others);
  const header = mutateJson(bytes.subarray(lengthBytes, lengthBytes + length), random, others);
  const start = Buffer.alloc(lengthBytes);
  start.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([start, header, bytes.subarray(lengthBytes + length)]);
};
