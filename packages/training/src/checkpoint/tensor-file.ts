/** Named float32 tensors as bytes, bit for bit: contiguous, little-endian, in the order of a table. */
import { StorageError } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { z } from 'zod';

export interface NamedTensor<Tensor extends tf.Tensor = tf.Tensor> {
  name: string;
  tensor: Tensor;
}

export const tensorTableSchema = z.array(z.strictObject({ name: z.string(), shape: z.array(z.int().min(1)) }));

/** Names and shapes of tensors. */
export type TensorTable = z.output<typeof tensorTableSchema>;

export interface StoredTensors {
  table: TensorTable;
  bytes: Uint8Array;
}

export function tableOf(tensors: readonly NamedTensor[]): TensorTable {
  return tensors.map(({ name, tensor }) => ({ name, shape: [...tensor.shape] }));
}

/** Copies tensors out of the backend. */
export function tensorBytes(tensors: readonly NamedTensor[]): Uint8Array {
  const bytes = new Uint8Array(tensors.reduce((sum, { tensor }) => sum + byteLengthOf(tensor.shape), 0));
  let offset = 0;
  for (const { tensor } of tensors) {
    const { buffer, byteOffset, byteLength } = tensor.dataSync<'float32'>();
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return bytes;
}

/**
 * Returns stored tensors; the caller disposes.
 *
 * @param expected names and shapes; other ones are an error.
 * @param what where they are stored, for messages.
 * @throws StorageError naming the first tensor that does not fit.
 */
export function tensorsFrom({ table, bytes }: StoredTensors, expected: TensorTable, what: string): tf.Tensor[] {
  const [found, wanted] = [table.map(describe), expected.map(describe)];
  const length = Math.max(found.length, wanted.length);
  for (let index = 0; index < length; index += 1)
    if (found[index] !== wanted[index])
      throw new StorageError(
        `${what} does not fit this training: expected ${wanted[index] ?? 'no further tensor'}, received ${found[index] ?? 'no further tensor'}. Remove the checkpoint to continue from the one before it.`,
      );
  const byteLength = table.reduce((sum, { shape }) => sum + byteLengthOf(shape), 0);
  if (bytes.byteLength !== byteLength)
    throw new StorageError(`${what} is damaged: expected ${byteLength} bytes, received ${bytes.byteLength}.`);
  let offset = 0;
  return table.map(({ shape }) => {
    const end = offset + byteLengthOf(shape);
    // A copy, because a Float32Array must start at a multiple of four bytes.
    const values = new Float32Array(new Uint8Array(bytes.subarray(offset, end)).buffer);
    offset = end;
    return tf.tensor(values, shape, 'float32');
  });
}

/** Sets variables to stored tensors, as {@link tensorsFrom} returns them. */
export function assignStored(
  variables: readonly NamedTensor<tf.Variable>[],
  stored: StoredTensors,
  what: string,
): void {
  tf.tidy(() => {
    for (const [index, value] of tensorsFrom(stored, tableOf(variables), what).entries())
      variables[index]!.tensor.assign(value);
  });
}

// --- internal ---

function byteLengthOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, Float32Array.BYTES_PER_ELEMENT);
}

function describe({ name, shape }: TensorTable[number]): string {
  return `${name} [${shape.join(', ')}]`;
}
