/**
 * Folds batch normalization with constant statistics into the preceding depthwise convolution, as scaled weights and a bias;
 * grappler then fuses convolution, bias and activation into one op. Grappler folds ordinary convolutions by itself.
 */
import type { OpAttribute } from '../tensorflow.ts';

/** A graph operation whose inputs are outputs of other operations. */
export interface RecordedOperation {
  type: string;
  attributes: readonly OpAttribute[];
  inputs: readonly number[];
}

/** Adds operations to the graph; each method returns the operation's only output. */
export interface GraphBuilder {
  operation(type: string, attributes: readonly OpAttribute[], inputs: readonly number[]): number;
  number(dtype: 'float32' | 'int32', value: number): number;
}

/** Returns whether `norm` can be folded into `source`, which produces its input, if each channel of `source` has one filter. */
export function canFold(norm: RecordedOperation, source: RecordedOperation | undefined): source is RecordedOperation {
  return (
    norm.type === 'FusedBatchNorm' &&
    source?.type === 'DepthwiseConv2dNative' &&
    attributeOf(norm, 'is_training') === false
  );
}

/**
 * Returns an output that equals the first output of `norm`:
 * conv(x, filter · scale) + (offset − mean · scale), scale = gamma / √(variance + epsilon).
 *
 * @param norm inputs: x, gamma, offset, mean, variance.
 * @param convolution inputs: x, filter [height, width, channels, 1].
 */
export function foldedBatchNorm(
  norm: RecordedOperation,
  convolution: RecordedOperation,
  { operation, number }: GraphBuilder,
): number {
  const [, gamma, offset, mean, variance] = norm.inputs as [number, number, number, number, number];
  const [x, filter] = convolution.inputs as [number, number];
  const epsilon = number('float32', attributeOf(norm, 'epsilon') as number);
  const inverse = operation('Rsqrt', [], [operation('AddV2', [], [variance, epsilon])]);
  const scale = operation('Mul', [], [gamma, inverse]);
  const bias = operation('Sub', [], [offset, operation('Mul', [], [mean, scale])]);
  const column = operation('ExpandDims', [], [scale, number('int32', -1)]); // [channels, 1]
  const scaled = operation(convolution.type, convolution.attributes, [x, operation('Mul', [], [filter, column])]);
  return operation('BiasAdd', [], [scaled, bias]);
}

// --- internal ---

function attributeOf({ attributes }: RecordedOperation, wanted: string): OpAttribute['value'] | undefined {
  return attributes.find(({ name }) => name === wanted)?.value;
}
