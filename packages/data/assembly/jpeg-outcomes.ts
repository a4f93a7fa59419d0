/** What decoding a block comes to. */
export const ok: i32 = 0;
/** The data ends before the block does. */
export const overrun: i32 = 1;
/** A code that its table does not have, a coefficient beyond the 64th, or one that no picture has. */
export const badCode: i32 = 2;
/** Another marker, or none, where a restart marker has to be. */
export const noRestart: i32 = 3;

/**
 * Whether a coefficient is one that a picture may have.
 *
 * @param magnitude not negative.
 * @param quantization 64 factors in the order of the coefficients, 16 bit each.
 * @param limit of the product, twice what samples of full contrast come to.
 */
export function fits(magnitude: i32, k: i32, quantization: usize, limit: i32): bool {
  const factor = load<u16>(quantization + 2 * (k as usize)) as i32;
  return (magnitude as i64) * (factor as i64) <= ((limit + factor) as i64);
}
