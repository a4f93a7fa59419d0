/**
 * Counter-based random numbers, which depend on a seed but not on earlier draws: Philox 4×32 with ten rounds.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
 */

/** Four 32-bit integers. */
type Block = readonly [number, number, number, number];
type Key = readonly [number, number];

/**
 * Draws the numbers of TensorFlow's StatelessRandomUniform on a CPU or GPU, bit for bit.
 *
 * @param seed two signed 32-bit integers.
 * @returns `count` numbers in [0, 1).
 */
export function philoxUniform(seed: readonly [number, number], length: number): Float32Array {
  // TensorFlow scrambles the seed: tensorflow/core/kernels/stateless_random_ops.cc, GenerateKey.
  const [a, b] = seed;
  const mixed = philox([a >>> 0, highHalf(a), b >>> 0, highHalf(b)], [0x3ec8f720, 0x02461e29]);
  const key: Key = [mixed[0], mixed[1]];
  const numbers = new Float32Array(length);
  for (let start = 0; start < length; start += 4) {
    const block = philox([start / 4, 0, mixed[2], mixed[3]], key);
    for (let index = start; index < Math.min(start + 4, length); index += 1)
      // The low 23 bits are the fraction.
      numbers[index] = (block[index - start]! & 0x7fffff) / 2 ** 23;
  }
  return numbers;
}

// --- internal ---

function philox(counter: Block, key: Key): Block {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round += 1) {
    const [high0, low0] = multiply(c0, 0xd2511f53);
    const [high1, low1] = multiply(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    [k0, k1] = [(k0 + 0x9e3779b9) >>> 0, (k1 + 0xbb67ae85) >>> 0];
  }
  return [c0, c1, c2, c3];
}

/** The high and low 32 bits of the product. */
function multiply(a: number, b: number): [high: number, low: number] {
  const product = BigInt(a) * BigInt(b);
  return [Number(product >> 32n), Number(product & 0xffffffffn)];
}

/** The high and low 32 bits of a number as a 64-bit integer. */
function highHalf(value: number): number {
  return value < 0 ? 0xffffffff : 0;
}
