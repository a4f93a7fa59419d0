/** A classifier's layers as ONNX nodes, with channels first; a BatchNorm or padding becomes part of its convolution. */
import { weightsOf } from '../classifier/model-weights.ts';
import type { GraphNode, LayerGraph } from '../graph/layer-graph.ts';
import { BatchNorm } from '../layers/batch-norm.ts';
import { Relu6 } from '../layers/relu6.ts';
import { SeededDropout } from '../layers/seeded-dropout.ts';
import type { ActivationRange } from '../member/manifest.ts';
import {
  addConvolution,
  batchNormScale,
  type ChannelScale,
  depthwiseKernel,
  foldScale,
  fullKernel,
  type Kernel,
  noPads,
  type Pads,
  samePads,
  type Window,
  windowAttributes,
} from './convolution.ts';
import type { GraphBuilder, ValueName } from './graph-builder.ts';

export interface NetworkOptions {
  /** The preprocessed image [N,3,S,S]. */
  image: ValueName;
  /** Index of the last node to add. */
  to: number;
  /** Prefix of the names of nodes and weights. */
  name: string;
  /** Values that are stored as 8-bit integers; undefined for a network that computes in float32. */
  ranges?: readonly ActivationRange[] | undefined;
}

/**
 * Adds a network from its image to one of its nodes.
 *
 * @returns the node's output: [N,C,H,W] or, pooled, [N,C].
 */
export function addNetwork(builder: GraphBuilder, graph: LayerGraph, options: NetworkOptions): ValueName {
  return addNodes(builder, graph, options)[options.to]!;
}

/** As {@link addNetwork}, but returns the outputs of all nodes up to `to`, in their order. */
export function addNodes(builder: GraphBuilder, graph: LayerGraph, options: NetworkOptions): ValueName[] {
  const { image, to, name, ranges = [] } = options;
  const nodes = graph.nodes.slice(0, to + 1);
  const usersOf = nodes.map((_, index) => nodes.filter(({ inputs }) => inputs.includes(index)));
  const values: ValueName[] = [image];
  /** Padding that the following convolution performs, by node. */
  const padding = new Map<GraphNode, Pads>();
  for (const [index, node] of nodes.entries()) {
    if (index === 0 || values[index] !== undefined) continue;
    const kind = node.layer.getClassName();
    const [user, ...otherUsers] = usersOf[index]!;
    const onlyUser = otherUsers.length === 0 ? user : undefined;
    const input = nodes[node.inputs[0]!]!;
    const x = values[node.inputs[0]!]!;
    if (kind === 'ZeroPadding2D' && onlyUser !== undefined && isUnpaddedConvolution(onlyUser)) {
      padding.set(node, zeroPads(node));
      values[index] = x;
      continue;
    }
    const convolution = convolutions[kind];
    if (convolution !== undefined) {
      const norm = onlyUser?.layer instanceof BatchNorm ? onlyUser : undefined;
      const last = norm ?? node;
      const value = convolution({
        ...{ builder, x, config: convolutionConfig(node), numbers: numbersOf(node) },
        name: `${name}/${last.layer.name}`,
        pads: (window) => padding.get(input) ?? padsOf(node, input, window),
        scale: norm && scaleOf(norm),
      });
      values[index] = value;
      if (norm !== undefined) values[nodes.indexOf(norm)] = value;
      continue;
    }
    const operation = operations[kind];
    // A backbone with another layer needs an entry in a table below.
    if (operation === undefined) throw new Error(`layer ${node.layer.name} has no ONNX form: ${kind}`);
    values[index] = operation({
      builder,
      xs: node.inputs.map((one) => values[one]!),
      node,
      input,
      name: `${name}/${node.layer.name}`,
    });
  }
  // Values after the last node to add have ranges, too.
  for (const { value, ...range } of ranges)
    if (builder.has(`${name}/${value}`)) builder.quantize(`${name}/${value}`, range);
  return values;
}

// --- internal ---

interface ConvolutionParts {
  builder: GraphBuilder;
  x: ValueName;
  name: ValueName;
  config: WindowConfig;
  numbers: ReadonlyMap<string, LayerNumbers>;
  pads(window: Window): Pads;
  /** A BatchNorm to fold in. */
  scale: ChannelScale | undefined;
}

interface LayerNumbers {
  values: Float32Array;
  shape: readonly number[];
}

/** Configuration of tfjs layers with a sliding window. */
interface WindowConfig {
  kernelSize: [number, number];
  poolSize: [number, number];
  strides: [number, number];
  padding: 'same' | 'valid';
}

const convolutions: Readonly<Record<string, (parts: ConvolutionParts) => ValueName>> = {
  Conv2D(parts) {
    const { values, shape } = parts.numbers.get('kernel')!;
    return convolve(parts, fullKernel(values, shape));
  },
  DepthwiseConv2D(parts) {
    const { values, shape } = parts.numbers.get('depthwise_kernel')!;
    return convolve(parts, depthwiseKernel(values, shape));
  },
  SeparableConv2D(parts) {
    const { name, numbers } = parts;
    const [depthwise, pointwise] = [numbers.get('depthwise_kernel')!, numbers.get('pointwise_kernel')!];
    const x = convolve(
      { ...parts, name: `${name}/depthwise`, scale: undefined },
      depthwiseKernel(depthwise.values, depthwise.shape),
    );
    const single: Pick<ConvolutionParts, 'config' | 'pads'> = {
      config: { ...parts.config, kernelSize: [1, 1], strides: [1, 1] },
      pads: () => noPads,
    };
    return convolve({ ...parts, ...single, x }, fullKernel(pointwise.values, pointwise.shape));
  },
};

function convolve(parts: ConvolutionParts, kernel: Kernel): ValueName {
  const { builder, x, name, config, pads, scale } = parts;
  const window: Window = { size: config.kernelSize, strides: config.strides };
  const folded = scale === undefined ? kernel : foldScale(kernel, scale);
  return addConvolution(builder, { x, name, window, pads: pads(window) }, folded);
}

interface OperationParts {
  builder: GraphBuilder;
  xs: readonly ValueName[];
  node: GraphNode;
  /** The node of the first input. */
  input: GraphNode;
  name: ValueName;
}

const operations: Readonly<Record<string, (parts: OperationParts) => ValueName>> = {
  ReLU({ builder, xs, node, name }) {
    requireConfig(node, { maxValue: undefined });
    return builder.node('Relu', name, xs);
  },
  [Relu6.className]({ builder, xs, name }) {
    return builder.node('Clip', name, [xs[0]!, builder.number(0), builder.number(6)]);
  },
  Add: ({ builder, xs, name }) => builder.node('Add', name, xs),
  Concatenate: ({ builder, xs, name }) => builder.node('Concat', name, xs, { axis: 1 }),
  ZeroPadding2D({ builder, xs, node, name }) {
    const { top, left, bottom, right } = zeroPads(node);
    return builder.node('Pad', name, [xs[0]!, builder.integers([0, 0, top, left, 0, 0, bottom, right])]);
  },
  MaxPooling2D: (parts) => pool('MaxPool', parts),
  // Pixels outside the image do not count, in TensorFlow and by default in ONNX.
  AveragePooling2D: (parts) => pool('AveragePool', parts),
  GlobalAveragePooling2D({ builder, xs, name }) {
    const mean = builder.node('GlobalAveragePool', `${name}/mean`, xs);
    return builder.node('Flatten', name, [mean]);
  },
  [SeededDropout.className]: ({ xs }) => xs[0]!,
  Dense({ builder, xs, node, name }) {
    requireConfig(node, { useBias: true, activation: 'linear' });
    const numbers = numbersOf(node);
    const constants = ['kernel', 'bias'].map((one) => {
      const { values, shape } = numbers.get(one)!;
      return builder.constant(`${name}/${one}`, shape, values);
    });
    return builder.node('Gemm', name, [xs[0]!, ...constants]);
  },
};

function pool(operator: 'MaxPool' | 'AveragePool', { builder, xs, node, input, name }: OperationParts): ValueName {
  const { poolSize, strides } = configOf(node);
  const window = { size: poolSize, strides };
  return builder.node(operator, name, xs, windowAttributes(window, padsOf(node, input, window)));
}

function padsOf(node: GraphNode, input: GraphNode, window: Window): Pads {
  if (configOf(node).padding === 'valid') return noPads;
  return samePads(input.shape, window);
}

function isUnpaddedConvolution(node: GraphNode): boolean {
  return convolutions[node.layer.getClassName()] !== undefined && configOf(node).padding === 'valid';
}

function zeroPads({ layer }: GraphNode): Pads {
  const { padding } = layer.getConfig() as unknown as { padding: [[number, number], [number, number]] };
  const [[top, bottom], [left, right]] = padding;
  return { top, left, bottom, right };
}

function convolutionConfig(node: GraphNode): WindowConfig {
  requireConfig(node, { useBias: false, activation: 'linear', dilationRate: [1, 1], depthMultiplier: 1 });
  return configOf(node);
}

/**
 * @param expected settings without which the node would compute something else; a layer may lack some of them.
 * @throws Error naming the first that differs: the conversion above needs to be extended.
 */
function requireConfig({ layer }: GraphNode, expected: Readonly<Record<string, unknown>>): void {
  const config = layer.getConfig();
  for (const [key, value] of Object.entries(expected)) {
    const found = config[key] ?? undefined;
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(value))
      throw new Error(`layer ${layer.name} has no ONNX form with ${key} ${JSON.stringify(found)}`);
  }
}

function configOf({ layer }: GraphNode): WindowConfig {
  return layer.getConfig() as unknown as WindowConfig;
}

function numbersOf(node: GraphNode): Map<string, LayerNumbers> {
  return new Map(
    weightsOf([node]).map(({ weightName, variable, shape }) => [
      weightName,
      { values: variable.dataSync<'float32'>(), shape },
    ]),
  );
}

function scaleOf(node: GraphNode): ChannelScale {
  const numbers = numbersOf(node);
  const { epsilon } = node.layer.getConfig() as unknown as { epsilon: number };
  return batchNormScale({
    gamma: numbers.get('gamma')?.values,
    beta: numbers.get('beta')!.values,
    mean: numbers.get('moving_mean')!.values,
    variance: numbers.get('moving_variance')!.values,
    epsilon,
  });
}
