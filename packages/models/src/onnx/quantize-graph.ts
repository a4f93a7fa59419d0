/**
 * Lets a graph's convolutions compute with 8-bit integers. A value with a known range is rounded to integers (QuantizeLinear), and
 * what reads it reads the numbers that they stand for (DequantizeLinear). onnxruntime replaces an operator between such nodes by
 * one that computes with the integers.
 */
import type { OnnxGraph, OnnxNode, OnnxTensor } from './onnx-graph.ts';

/** The smallest and the largest number of a value. */
export interface ValueRange {
  min: number;
  max: number;
}

/**
 * Returns the values whose ranges {@link quantizeGraph} needs to compute with integers wherever it can: the inputs of
 * convolutions, except the image's pixels, and the outputs of operators between convolutions. Of a convolution that is
 * rectified, it is the rectified output.
 *
 * @param prefix of the names of the network's nodes.
 */
export function quantizableValues(graph: OnnxGraph, prefix: string): string[] {
  const isRectified = rectifiedConvolutions(graph);
  const wanted = new Set<string>();
  for (const { operator, name, inputs } of graph.nodes) {
    if (operator === 'Conv') wanted.add(inputs[0]!);
    if (integerOperators.has(operator) && !isRectified.has(name)) wanted.add(name);
  }
  return graph.nodes.map(({ name }) => name).filter((name) => name.startsWith(prefix) && wanted.has(name));
}

/**
 * Rewrites a graph so that it stores values with a range as integers, 0 to 255. Convolutions of such values have kernels of
 * integers, −127 to 127 with a scale for each output channel, and a bias of 32-bit integers. Numbers outside a range are clipped
 * to it. Everything else is computed in float32.
 *
 * @param ranges of outputs of nodes.
 */
export function quantizeGraph(graph: OnnxGraph, ranges: ReadonlyMap<string, ValueRange>): OnnxGraph {
  const constants = new Map(graph.constants.map((constant) => [constant.name, constant]));
  const nodes: OnnxNode[] = [];
  const stored = new Map<string, StoredValue>();
  const constant = (name: string, shape: readonly number[], values: OnnxTensor['values']): string => {
    constants.set(name, { name, shape, values });
    return name;
  };

  const store = (name: string, range: ValueRange) => {
    const { scale, zeroPoint } = integersOf(range);
    const parameters = [
      constant(`${name}/scale`, [], Float32Array.of(scale)),
      constant(`${name}/zero_point`, [], Uint8Array.of(zeroPoint)),
    ];
    const [integers, numbers] = [`${name}/integers`, `${name}/numbers`];
    nodes.push({ operator: 'QuantizeLinear', name: integers, inputs: [name, ...parameters] });
    nodes.push({ operator: 'DequantizeLinear', name: numbers, inputs: [integers, ...parameters] });
    stored.set(name, { scale, numbers });
  };

  /** Replaces a constant by integers with a scale for each output channel; returns the name of the numbers they stand for. */
  const storeConstant = (name: string, values: Int8Array | Int32Array, scales: Float32Array): string => {
    const { shape } = constants.get(name)!;
    constants.delete(name);
    const zeros = new (values instanceof Int8Array ? Int8Array : Int32Array)(scales.length);
    const inputs = [
      constant(`${name}/integers`, shape, values),
      constant(`${name}/scales`, [scales.length], scales),
      constant(`${name}/zero_points`, [scales.length], zeros),
    ];
    nodes.push({ operator: 'DequantizeLinear', name: `${name}/numbers`, inputs, attributes: { axis: 0 } });
    return `${name}/numbers`;
  };

  for (const node of graph.nodes) {
    const { operator, name } = node;
    const [first, kernel, bias] = node.inputs as [string, string?, string?];
    // The output of MaxPool has numbers of its input; with the same integers, onnxruntime need not convert them.
    const range = (operator === 'MaxPool' ? ranges.get(first) : undefined) ?? ranges.get(name);
    const inputs = node.inputs.map((input) => stored.get(input)?.numbers ?? input);
    const image = operator === 'Conv' ? stored.get(first) : undefined;
    if (image !== undefined) {
      const integers = integersOfKernel(constants.get(kernel!)!, constants.get(bias ?? ''), image.scale);
      inputs[1] = storeConstant(kernel!, integers.kernel, integers.scales);
      if (bias !== undefined) inputs[2] = storeConstant(bias, integers.bias, integers.biasScales);
    }
    nodes.push({ ...node, inputs });
    if (range !== undefined) store(name, range);
  }
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return { ...graph, nodes, constants: [...constants.values()].filter(({ name }) => used.has(name)) };
}

// --- internal ---

interface StoredValue {
  /** The difference between the numbers of two successive integers. */
  scale: number;
  /** Name of the numbers that the integers stand for. */
  numbers: string;
}

/** Those of backbones between convolutions that onnxruntime computes with integers, or that only pass them on. */
const integerOperators: ReadonlySet<string> = new Set([
  'Conv',
  'Relu',
  'Clip',
  'Add',
  'Concat',
  'MaxPool',
  'AveragePool',
]);

/** The convolutions whose output only a rectification reads, which onnxruntime makes part of them. */
function rectifiedConvolutions({ nodes, outputs }: OnnxGraph): ReadonlySet<string> {
  const usersOf = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const input of node.inputs) usersOf.set(input, [...(usersOf.get(input) ?? []), node]);
  const outputNames = new Set(outputs.map(({ name }) => name));
  const isRectified = ({ operator, name }: OnnxNode) => {
    const [user, ...others] = usersOf.get(name) ?? [];
    if (operator !== 'Conv' || user === undefined || others.length > 0) return false;
    return ['Relu', 'Clip'].includes(user.operator) && !outputNames.has(name);
  };
  return new Set(nodes.filter(isRectified).map(({ name }) => name));
}

/** Zero is one of the integers' numbers, because convolutions pad with it. */
function integersOf({ min, max }: ValueRange): { scale: number; zeroPoint: number } {
  const [low, high] = [Math.min(0, min), Math.max(0, max)];
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zeroPoint: Math.round(-low / scale) };
}

/**
 * @param imageScale of the values that the kernel is multiplied with: the bias is added to products, so that its scale is the product
 * of both.
 */
function integersOfKernel({ values, shape }: OnnxTensor, bias: OnnxTensor | undefined, imageScale: number) {
  const outputCount = shape[0]!;
  const numbersPerOutput = values.length / outputCount;
  const integers = {
    kernel: new Int8Array(values.length),
    scales: new Float32Array(outputCount),
    bias: new Int32Array(outputCount),
    biasScales: new Float32Array(outputCount),
  };
  for (let output = 0; output < outputCount; output += 1) {
    const own = values.subarray(output * numbersPerOutput, (output + 1) * numbersPerOutput) as Float32Array;
    const ownBias = Number(bias?.values[output] ?? 0);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A bias that is far larger than the kernel needs a larger scale to fit into 32 bits.
    const scale = Math.fround(Math.max(largest / 127, Math.abs(ownBias) / (imageScale * 2 ** 30))) || 1;
    integers.scales[output] = scale;
    integers.biasScales[output] = scale * imageScale;
    integers.bias[output] = Math.round(ownBias / integers.biasScales[output]!);
    const start = output * numbersPerOutput;
    for (const [index, value] of own.entries())
      integers.kernel[start + index] = Math.max(-127, Math.min(127, Math.round(value / scale)));
  }
  return integers;
}
