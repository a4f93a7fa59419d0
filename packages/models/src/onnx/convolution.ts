/** Convolutions: kernels in ONNX's layout, padding in numbers, a following BatchNorm folded in. */
import type { GraphBuilder, ValueName } from './graph-builder.ts';

/** Pixels added at each side. */
export interface Pads {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export interface Window {
  /** [height, width] */
  size: readonly [number, number];
  /** [vertical, horizontal] */
  strides: readonly [number, number];
}

/** A convolution's weights in ONNX's layout. */
export interface Kernel {
  /** [outputs, inputs of a group, height, width] */
  values: Float32Array;
  shape: readonly [number, number, number, number];
  /** 1, or the number of channels for a depthwise convolution. */
  groups: number;
  /** [outputs]; omitted if there is none. */
  bias?: Float32Array;
}

/** A linear function per channel: y = x × scale + shift. */
export interface ChannelScale {
  scale: Float64Array;
  shift: Float64Array;
}

/**
 * Padding with which the output's side is the input's divided by the stride, as in TensorFlow: an odd pixel goes to the end.
 *
 * @param shape [height, width, …] of the input.
 */
export function samePads([height, width]: readonly number[], { size, strides }: Window): Pads {
  const [vertical, horizontal] = [total(height!, size[0], strides[0]), total(width!, size[1], strides[1])];
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return { top, left, bottom: vertical - top, right: horizontal - left };
}

export const noPads: Pads = { top: 0, left: 0, bottom: 0, right: 0 };

/** Attributes of an operator with a sliding window. */
export function windowAttributes({ size, strides }: Window, { top, left, bottom, right }: Pads) {
  return { kernel_shape: size, strides, pads: [top, left, bottom, right] };
}

export function addConvolution(
  builder: GraphBuilder,
  { x, name, window, pads }: { x: ValueName; name: ValueName; window: Window; pads: Pads },
  { values, shape, groups, bias }: Kernel,
): ValueName {
  const inputs = [x, builder.constant(`${name}/kernel`, shape, values)];
  if (bias !== undefined) inputs.push(builder.constant(`${name}/bias`, [bias.length], bias));
  return builder.node('Conv', name, inputs, { ...windowAttributes(window, pads), group: groups });
}

/** TensorFlow's [height, width, inputs, outputs] → a kernel of one group. */
export function fullKernel(values: Float32Array, [height, width, inputs, outputs]: readonly number[]): Kernel {
  const moved = new Float32Array(values.length);
  const area = height! * width!;
  for (let position = 0; position < area; position += 1)
    for (let input = 0; input < inputs!; input += 1)
      for (let output = 0; output < outputs!; output += 1)
        moved[(output * inputs! + input) * area + position] = values[(position * inputs! + input) * outputs! + output]!;
  return { values: moved, shape: [outputs!, inputs!, height!, width!], groups: 1 };
}

/** TensorFlow's [height, width, channels, 1] → a kernel with a group per channel. */
export function depthwiseKernel(values: Float32Array, [height, width, channels]: readonly number[]): Kernel {
  const { values: moved } = fullKernel(values, [height!, width!, 1, channels!]);
  return { values: moved, shape: [channels!, 1, height!, width!], groups: channels! };
}

/** Folds y = x × scale + shift into the convolution before it; sums are in float64. */
export function foldScale(kernel: Kernel, { scale, shift }: ChannelScale): Kernel {
  const numbersPerOutput = kernel.values.length / kernel.shape[0];
  const values = new Float32Array(kernel.values.length);
  // Takes a third of the time of `map` for millions of numbers.
  for (const [output, factor] of scale.entries())
    for (let index = output * numbersPerOutput; index < (output + 1) * numbersPerOutput; index += 1)
      values[index] = kernel.values[index]! * factor;
  return {
    ...kernel,
    values,
    bias: Float32Array.from(shift, (own, output) => own + (kernel.bias?.[output] ?? 0) * scale[output]!),
  };
}

/** BatchNorm in inference mode as a linear function per channel. */
export function batchNormScale(weights: {
  /** Omitted if the layer has none. */
  gamma?: Float32Array | undefined;
  beta: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
  epsilon: number;
}): ChannelScale {
  const { gamma, beta, mean, variance, epsilon } = weights;
  const scale = Float64Array.from(variance, (one, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(one + epsilon));
  return { scale, shift: Float64Array.from(beta, (one, channel) => one - mean[channel]! * scale[channel]!) };
}

// --- internal ---

function total(side: number, size: number, stride: number): number {
  return Math.max(0, (Math.ceil(side / stride) - 1) * stride + size - side);
}
