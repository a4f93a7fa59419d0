import type { Classifier } from '../classifier/classifier.ts';
import { layersOf } from './h5.fixture.ts';

export interface TensorToWrite {
  name: string;
  dtype?: string;
  shape: readonly number[];
  /** Of the dtype, which is F32 by default. */
  values: ArrayBufferView;
}

/** Writes tensors in the given order, as safetensors.torch.save_file does. */
export function safetensorsFile(tensors: readonly TensorToWrite[], metadata?: Record<string, string>): Buffer {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype = 'F32', shape, values } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const numbers = tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return fileWith(JSON.stringify(header), Buffer.concat(numbers));
}

/** A file with any header, padded to a multiple of eight bytes. */
export function fileWith(header: string | Uint8Array, numbers: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(header);
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUint64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, numbers]);
}

/**
 * The tensors of a PyTorch model with the layers of a classifier's backbone, and numbers derived from the weights' names.
 *
 * Sorted by name, and with BatchNorm's counters of batches, as timm's published files.
 */
export function tensorsOf(classifier: Classifier): TensorToWrite[] {
  const tensors = layersOf(classifier).flatMap(({ name: layer, weights }) => [
    ...weights.map(({ name, shape, values }) => toTensor(layer, name.replace(/^.*\/|:0$/g, ''), shape, values)),
    ...(weights.length === 4
      ? [{ name: `${layer}.num_batches_tracked`, dtype: 'I64', shape: [], values: BigInt64Array.of(7n) }]
      : []),
  ]);
  return tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A classification top of zeros for two classes; its bias is sorted before its kernel. */
export function torchTopOf({ featureWidth }: Classifier, name = 'classifier'): TensorToWrite[] {
  return [
    { name: `${name}.bias`, shape: [2], values: new Float32Array(2) },
    { name: `${name}.weight`, shape: [2, featureWidth], values: new Float32Array(2 * featureWidth) },
  ];
}

// --- internal ---

const namesInTorch: Readonly<Record<string, string>> = {
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

function toTensor(layer: string, weight: string, shape: readonly number[], values: ArrayBufferView): TensorToWrite {
  const name = `${layer}.${namesInTorch[weight] ?? 'weight'}`;
  if (shape.length !== 4) return { name, shape, values };
  // [height, width, inputs, outputs], or [height, width, channels, 1] for a depthwise kernel.
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const moved = new Float32Array(height * width * inputs * outputs);
  const isDepthwise = weight === 'depthwise_kernel';
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      for (let input = 0; input < inputs; input += 1)
        for (let output = 0; output < outputs; output += 1) {
          const first = isDepthwise ? input : output * inputs + input;
          moved[(first * height + row) * width + column] = (values as Float32Array)[
            ((row * width + column) * inputs + input) * outputs + output
          ]!;
        }
  return { name, shape: isDepthwise ? [inputs, 1, height, width] : [outputs, inputs, height, width], values: moved };
}
