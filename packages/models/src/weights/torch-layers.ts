/** Layers of PyTorch modules under the names and in the layouts of TensorFlow. */
import { ModelError } from '../errors.ts';
import type { StoredWeight } from './h5-group.ts';
import type { StoredTensor } from './safetensors-file.ts';

/** A layer of a file that names its layers, but does not have them in the model's order. */
export interface NamedLayer {
  path: string;
  name: string;
  kind?: undefined;
  unordered: true;
  weights: StoredWeight[];
}

/**
 * Groups the tensors of a `state_dict` into layers, one per module: `blocks.0.0.bn1.running_mean` belongs to the layer
 * `blocks.0.0.bn1`. Kernels are transposed when they are read. Ignores BatchNorm's counters of batches.
 *
 * @throws ModelError for tensors other than 32-bit floats.
 */
export function torchLayers(fileName: string, tensors: readonly StoredTensor[]): NamedLayer[] {
  const modules = new Map<string, Map<string, StoredTensor>>();
  for (const tensor of tensors) {
    const dot = tensor.name.lastIndexOf('.');
    const [module, own] = [tensor.name.slice(0, Math.max(0, dot)), tensor.name.slice(dot + 1)];
    if (own === 'num_batches_tracked') continue;
    if (tensor.dtype !== 'F32')
      throw new ModelError(
        `${fileName}: ${tensor.name}: expected 32-bit floats (F32), received ${tensor.dtype}; save model.float().state_dict().`,
      );
    const parts = modules.get(module) ?? new Map<string, StoredTensor>();
    modules.set(module, parts.set(own, tensor));
  }
  return Array.from(modules, ([name, parts]) => ({
    path: name,
    name,
    unordered: true,
    weights: parts.has('running_mean') ? batchNormWeights(parts) : kernelWeights(parts),
  }));
}

// --- internal ---

/** Names of a BatchNorm's weights, in TensorFlow's order. */
const batchNormNames = [
  ['weight', 'gamma'],
  ['bias', 'beta'],
  ['running_mean', 'moving_mean'],
  ['running_var', 'moving_variance'],
] as const;

function batchNormWeights(parts: ReadonlyMap<string, StoredTensor>): StoredWeight[] {
  const known = batchNormNames.flatMap(([own, name]) => {
    const tensor = parts.get(own);
    return tensor === undefined ? [] : [{ ...tensor, name }];
  });
  const others = [...parts].filter(([own]) => !batchNormNames.some(([known]) => known === own));
  return [...known, ...others.map(([name, tensor]) => ({ ...tensor, name }))];
}

/** The kernel first, as in TensorFlow; safetensors sorts the bias before it. */
function kernelWeights(parts: ReadonlyMap<string, StoredTensor>): StoredWeight[] {
  const weight = parts.get('weight');
  const others = [...parts].filter(([own]) => own !== 'weight');
  return [
    ...(weight === undefined ? [] : [kernelOf(weight)]),
    ...others.map(([name, tensor]) => ({ ...tensor, name })),
  ];
}

function kernelOf(tensor: StoredTensor): StoredWeight {
  const { shape } = tensor;
  if (shape.length === 2) return transposed(tensor, [1, 0]);
  if (shape.length !== 4) return { ...tensor, name: 'weight' };
  // A depthwise kernel has one input per group: [channels, 1, height, width].
  return transposed(tensor, shape[1] === 1 ? [2, 3, 0, 1] : [2, 3, 1, 0]);
}

/** @param order the stored dimension that becomes dimension i of the result. */
function transposed(tensor: StoredTensor, order: readonly number[]): StoredWeight {
  const shape = order.map((from) => tensor.shape[from]!);
  return { name: 'kernel', shape, read: () => transpose(tensor.read(), tensor.shape, order) };
}

function transpose(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, dimension) => shape.slice(dimension + 1).reduce((product, side) => product * side, 1));
  const moved = new Float32Array(values.length);
  const sides = order.map((from) => shape[from]!);
  const steps = order.map((from) => strides[from]!);
  const position = sides.map(() => 0);
  let source = 0;
  for (let target = 0; target < moved.length; target += 1) {
    moved[target] = values[source]!;
    // Counts up, the last dimension fastest.
    for (let dimension = sides.length - 1; dimension >= 0; dimension -= 1) {
      position[dimension]! += 1;
      source += steps[dimension]!;
      if (position[dimension]! < sides[dimension]!) break;
      source -= steps[dimension]! * sides[dimension]!;
      position[dimension] = 0;
    }
  }
  return moved;
}
