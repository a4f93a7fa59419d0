/** Reads the results of backbones.py for a case. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import type { GoldenCase } from './cases.ts';
import { bits } from './formula.ts';

/** A tensor computed by Keras. */
export interface ReferenceTensor {
  norm: number;
  /**
   * Returns ‖values − tensor‖: exactly for a whole tensor, otherwise estimated from projections to within about a third.
   *
   * @throws Error for a different number of values.
   */
  distanceTo(values: Float32Array): number;
}

export interface Reference {
  versions: Record<string, string>;
  /** Number of layers of the backbone, including the input. */
  layerCount: number;
  featureWidth: number;
  /** Layer, weight (as in Keras 2), shape; in Keras' order. */
  weights: readonly [string, string, number[]][];
  /** Layer, momentum, epsilon. */
  batchNorm: readonly [string, number, number][];
  /** 258 pixel values, 0 … 255 and 0, 1 again, through preprocess_input. */
  preprocessed: readonly number[];
  /** Spread of the features across images, by input size. */
  spread: Record<string, number>;
  /** Moving means and variances for gradients, concatenated in the order of the weights, with reduced precision. */
  statistics: Float32Array;
  /** Loss before each of three steps, training all layers or only the last ones. */
  losses: Record<'all' | 'suffix', number[]>;
  /** By name, such as `all/gradient/0`. */
  tensors: ReadonlyMap<string, ReferenceTensor>;
}

/** @throws Error if the folder lacks the files of the case. */
export function readReference(folder: string, { name }: GoldenCase): Reference {
  const { tensors, statistics, ...rest } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Stored;
  const entries = Object.entries(tensors);
  const isWhole = entries.some(([, stored]) => !Array.isArray(stored));
  const numbers = isWhole ? floats(readFileSync(join(folder, `${name}.bin`))) : new Float32Array();
  return {
    ...rest,
    statistics: unpacked(statistics),
    tensors: new Map(
      entries.map(([tensorName, stored]) => [
        tensorName,
        Array.isArray(stored)
          ? summarised(stored)
          : whole(numbers.subarray(stored.first, stored.first + stored.length)),
      ]),
    ),
  };
}

// --- internal ---

interface Stored extends Omit<Reference, 'tensors' | 'statistics'> {
  /** The upper halves of little-endian float32, deflated, in base64; only where numbers are compared. */
  statistics?: string;
  /** [length, norm, projections…], or the position of the tensor in the file beside this one. */
  tensors: Record<string, number[] | { first: number; length: number }>;
}

const signStream = 6;

/** Copies the bytes, because those of a file may not be aligned. */
function floats(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function unpacked(statistics: string | undefined): Float32Array {
  if (statistics === undefined) return new Float32Array();
  const bytes = Uint8Array.from(inflateSync(Buffer.from(statistics, 'base64')));
  return new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half << 16).buffer);
}

function requireLength(values: Float32Array, expected: number): void {
  if (values.length !== expected) throw new Error(`expected ${expected} numbers, received ${values.length}`);
}

function whole(tensor: Float32Array): ReferenceTensor {
  const distanceTo = (values: Float32Array) => {
    requireLength(values, tensor.length);
    return Math.sqrt(values.reduce((sum, value, index) => sum + (value - tensor[index]!) ** 2, 0));
  };
  return { norm: Math.sqrt(tensor.reduce((sum, value) => sum + value ** 2, 0)), distanceTo };
}

function summarised([length, norm, ...projections]: readonly number[]): ReferenceTensor {
  const distanceTo = (values: Float32Array) => {
    requireLength(values, length!);
    const found = project(values, projections.length);
    const squares = projections.reduce((sum, one, index) => sum + (found[index]! - one) ** 2, 0);
    return Math.sqrt(squares / projections.length);
  };
  return { norm: norm!, distanceTo };
}

/** Projects onto vectors of ±1: bit n of an element's hash is its sign in vector n. */
function project(values: Float32Array, count: number): Float64Array {
  // Elements whose hashes share a byte are added up first: a branch for each sign would be mispredicted half of the time.
  const sums = Array.from({ length: Math.ceil(count / 8) }, () => new Float64Array(256));
  for (let index = 0; index < values.length; index += 1) {
    const signs = bits(signStream, index);
    for (let byte = 0; byte < sums.length; byte += 1) sums[byte]![(signs >>> (8 * byte)) & 255]! += values[index]!;
  }
  return Float64Array.from({ length: count }, (_, bit) =>
    sums[bit >>> 3]!.reduce((sum, one, hash) => sum + ((hash >>> (bit & 7)) & 1 ? -one : one), 0),
  );
}
