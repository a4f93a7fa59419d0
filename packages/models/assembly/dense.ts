/**
 * Dense(10, relu) → Dense(outputs) for one row, forward and backward, in AssemblyScript: two 64-bit numbers per instruction.
 * `src/stackers/dense-network.ts` allocates its memory.
 *
 * Weights, and their gradient, are contiguous: hidden kernel [inputs, 10], hidden bias [10], output kernel [10, outputs], output
 * bias [outputs]. Every sum is computed in the order of a plain loop, so that the result is bit-equal to that of plain JavaScript.
 */

/** The first free address. */
export const heapStart: usize = __heap_base;

const hiddenCount: i32 = 10;
const rowBytes: usize = 80;

function times(one: v128, other: v128): v128 {
  return f64x2.mul(one, other);
}

/** Computes the row's hidden units and logits. */
export function forward(
  input: usize,
  inputCount: i32,
  weights: usize,
  hidden: usize,
  outputs: usize,
  outputCount: i32,
): void {
  const bias = weights + rowBytes * (inputCount as usize);
  let sum01 = v128.load(bias);
  let sum23 = v128.load(bias, 16);
  let sum45 = v128.load(bias, 32);
  let sum67 = v128.load(bias, 48);
  let sum89 = v128.load(bias, 64);
  let kernel = weights;
  for (let index = 0; index < inputCount; index += 1) {
    const value = v128.load_splat<f64>(input + 8 * (index as usize));
    sum01 = f64x2.add(sum01, times(value, v128.load(kernel)));
    sum23 = f64x2.add(sum23, times(value, v128.load(kernel, 16)));
    sum45 = f64x2.add(sum45, times(value, v128.load(kernel, 32)));
    sum67 = f64x2.add(sum67, times(value, v128.load(kernel, 48)));
    sum89 = f64x2.add(sum89, times(value, v128.load(kernel, 64)));
    kernel += rowBytes;
  }
  const zero = f64x2.splat(0);
  v128.store(hidden, f64x2.max(zero, sum01));
  v128.store(hidden, f64x2.max(zero, sum23), 16);
  v128.store(hidden, f64x2.max(zero, sum45), 32);
  v128.store(hidden, f64x2.max(zero, sum67), 48);
  v128.store(hidden, f64x2.max(zero, sum89), 64);

  const outputKernel: usize = bias + rowBytes;
  const stride: usize = 8 * (outputCount as usize);
  const outputBias: usize = outputKernel + stride * (hiddenCount as usize);
  let column: usize = 0;
  for (; column + 8 < stride; column += 16) {
    let sum = v128.load(outputBias + column);
    let at = outputKernel + column;
    for (let unit: usize = 0; unit < rowBytes; unit += 8) {
      sum = f64x2.add(sum, times(v128.load_splat<f64>(hidden + unit), v128.load(at)));
      at += stride;
    }
    v128.store(outputs + column, sum);
  }
  if (column < stride) {
    let sum = load<f64>(outputBias + column);
    let at = outputKernel + column;
    for (let unit: usize = 0; unit < rowBytes; unit += 8) {
      sum += load<f64>(hidden + unit) * load<f64>(at);
      at += stride;
    }
    store<f64>(outputs + column, sum);
  }
}

/** Adds `share` × the gradient of the row of the last {@link forward}; `slopes`: derivatives of its loss with respect to its logits. */
export function addGradient(
  input: usize,
  inputCount: i32,
  weights: usize,
  hidden: usize,
  slopes: usize,
  outputCount: i32,
  gradient: usize,
  share: f64,
): void {
  const hiddenBytes = rowBytes * (inputCount as usize);
  const stride: usize = 8 * (outputCount as usize);
  const outputKernel: usize = weights + hiddenBytes + rowBytes;
  const outputKernelGradient: usize = gradient + hiddenBytes + rowBytes;
  const outputBiasGradient: usize = outputKernelGradient + stride * (hiddenCount as usize);
  const shares = f64x2.splat(share);
  // The slopes of the hidden units overwrite the units, which are no longer needed.
  for (let unit: usize = 0; unit < rowBytes; unit += 8) {
    const value = load<f64>(hidden + unit);
    // Where relu is 0, the gradient is 0.
    if (value === 0) continue;
    const row = outputKernel + (unit >> 3) * stride;
    const rowGradient = outputKernelGradient + (unit >> 3) * stride;
    const values = f64x2.splat(value);
    let sum: f64 = 0;
    let column: usize = 0;
    for (; column + 8 < stride; column += 16) {
      const slope = v128.load(slopes + column);
      const products = times(slope, v128.load(row + column));
      sum += f64x2.extract_lane(products, 0);
      sum += f64x2.extract_lane(products, 1);
      const added = times(times(slope, shares), values);
      v128.store(rowGradient + column, f64x2.add(v128.load(rowGradient + column), added));
    }
    if (column < stride) {
      const slope = load<f64>(slopes + column);
      sum += slope * load<f64>(row + column);
      store<f64>(rowGradient + column, load<f64>(rowGradient + column) + slope * share * value);
    }
    store<f64>(hidden + unit, sum * share);
  }
  for (let column: usize = 0; column < stride; column += 8) {
    const at = outputBiasGradient + column;
    store<f64>(at, load<f64>(at) + load<f64>(slopes + column) * share);
  }

  const slope01 = v128.load(hidden);
  const slope23 = v128.load(hidden, 16);
  const slope45 = v128.load(hidden, 32);
  const slope67 = v128.load(hidden, 48);
  const slope89 = v128.load(hidden, 64);
  let at = gradient;
  for (let index = 0; index <= inputCount; index += 1) {
    // The bias is the weight of a constant input of 1.
    const value = index < inputCount ? v128.load_splat<f64>(input + 8 * (index as usize)) : f64x2.splat(1);
    v128.store(at, f64x2.add(v128.load(at), times(slope01, value)));
    v128.store(at, f64x2.add(v128.load(at, 16), times(slope23, value)), 16);
    v128.store(at, f64x2.add(v128.load(at, 32), times(slope45, value)), 32);
    v128.store(at, f64x2.add(v128.load(at, 48), times(slope67, value)), 48);
    v128.store(at, f64x2.add(v128.load(at, 64), times(slope89, value)), 64);
    at += rowBytes;
  }
}
