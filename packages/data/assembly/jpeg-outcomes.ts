/** The outcome of decoding a block. */
export const ok: i32 = 0;
/** The data ends before the block does. */
export const overrun: i32 = 1;
/** A code that is not in its table, a coefficient beyond the 64th, or an invalid coefficient. */
export const badCode: i32 = 2;
/** A restart marker is missing, or another marker is in its place. */
export const noRestart: i32 = 3;

/**
 * Whether a coefficient can occur in a picture.
 *
 * @param magnitude not negative.
 * @param quantization 64 factors in the order of the coefficients, 16 bits each.
 * @param limit of the product: twice the maximum for samples at full contrast.
 */
export function fits(magnitude: i32, k: i32, quantization: usize, limit: i32): bool {
  const factor = load<u16>(quantization + 2 * (k as usize)) as i32;
  return (magnitude as i64) * (factor as i64) <= ((limit + factor) as i64);
}
