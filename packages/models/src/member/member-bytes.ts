/** A classifier as plain data: a manifest and the bytes of its weights. */
import { backboneTable, checkBackboneSpec, variantOf } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { unusableValue } from '../classifier/unusable-value.ts';
import { ModelError } from '../errors.ts';
import { checkPreprocessing } from '../preprocessing.ts';
import { checkValue, mistakesLine } from '../schema/check-value.ts';
import { type MemberManifest, type MemberTensor, memberManifestSchema } from './manifest.ts';
import { decodeTensor, encodedByteLength, encodeTensor, type TensorEncoding } from './tensor-encoding.ts';

export interface SavedMember {
  manifest: MemberManifest;
  /** Contiguous tensors, in the order of the manifest, each in its encoding. */
  weights: Uint8Array;
}

/**
 * Copies a classifier out of the backend, without its ranges, which belong to weights of 8 bits; the caller keeps ownership of it.
 *
 * @throws ModelError naming the first tensor with a number that a model cannot compute with.
 */
export function memberToBytes(classifier: Classifier): SavedMember {
  const { backbone, preprocessing, classes, outputCount, dropout } = classifier;
  let byteCount = 0;
  const tensors = classifier.weights.map((weight): MemberTensor => {
    const byteLength = encodedByteLength(weight.shape, 'float32');
    const tensor = { name: nameOf(weight), shape: [...weight.shape], offset: byteCount, byteLength };
    byteCount += byteLength;
    return tensor;
  });
  const weights = new Uint8Array(byteCount);
  for (const [index, { variable, weightName }] of classifier.weights.entries()) {
    const values = variable.dataSync<'float32'>();
    const { name, offset } = tensors[index]!;
    requireUsable(values, weightName, name);
    weights.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
  }
  const manifest: MemberManifest = {
    format: 'chorus-member',
    version: 1,
    backbone,
    preprocessing: preprocessing.name,
    classes: [...classes],
    outputCount,
    dropout,
    dtype: 'float32',
    tensors,
  };
  return { manifest, weights };
}

/**
 * Stores a member's kernels in fewer bytes, all but the head's. Biases, BatchNorm and the head, which take little, stay float32.
 *
 * @param member with float32 tensors, as {@link memberToBytes} returns it.
 * @throws ModelError when the manifest does not fit the weights, tensors are encoded already, or a number cannot be encoded.
 */
export function compactMember({ manifest, weights }: SavedMember, encoding: 'float16' | 'int8'): SavedMember {
  checkTable(manifest.tensors, weights.byteLength);
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  const tensors = manifest.tensors.map((tensor): MemberTensor => {
    const { name, shape, offset, byteLength } = tensor;
    if (encodingOf(tensor) !== 'float32')
      throw new ModelError(`Expected float32 numbers in tensor ${name}, received ${tensor.encoding}.`);
    const plain = weights.subarray(offset, offset + byteLength);
    const isKernel = shape.length > 1 && !name.startsWith('head/');
    const part = isKernel ? encodeTensor(decodeTensor(plain, shape, 'float32'), shape, encoding) : plain;
    parts.push(part);
    byteCount += part.byteLength;
    const place = { offset: byteCount - part.byteLength, byteLength: part.byteLength };
    return { name, shape, ...place, ...(isKernel ? { encoding } : {}) };
  });
  const compact = new Uint8Array(byteCount);
  for (const [index, part] of parts.entries()) compact.set(part, tensors[index]!.offset);
  return { manifest: { ...manifest, tensors }, weights: compact };
}

/**
 * Builds a classifier from what {@link memberToBytes} or {@link compactMember} wrote.
 *
 * Manifest and bytes are untrusted: they are checked against each other before a model is built, and against the model
 * before a weight is set. The memory allocated is bounded by the number of bytes received.
 *
 * @param manifest any value, such as parsed JSON.
 * @returns a classifier on the current tfjs backend; the caller disposes.
 * @throws ModelError naming the field or tensor, what was expected and what was received.
 */
export function memberFromBytes(manifest: unknown, weights: Uint8Array): Classifier {
  const { data, mistakes } = checkValue(memberManifestSchema, manifest);
  if (mistakes !== undefined) throw new ModelError(`Invalid member manifest: ${mistakesLine(mistakes)}.`);
  const { backbone, preprocessing, classes, outputCount, dropout, tensors, ranges } = data;
  checkTable(tensors, weights.byteLength);
  checkBackboneSpec(backbone);
  checkPreprocessing(preprocessing, backboneTable[backbone.family].preprocessing);
  checkHead(tensors, variantOf(backbone).featureWidth, outputCount);

  // The seed only affects dropout masks: no weight is drawn.
  const classifier = new Classifier({ backbone, classes, dropout, preprocessing, ranges, seed: 0 });
  try {
    setWeights(matchTensors(classifier.weights, tensors, weights));
    return classifier;
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

// --- internal ---

function nameOf({ layerName, weightName }: ModelWeight): string {
  return `${layerName}/${weightName}`;
}

function encodingOf({ encoding = 'float32' }: MemberTensor): TensorEncoding {
  return encoding;
}

/** Tensors must be contiguous and fill the bytes exactly. */
function checkTable(tensors: readonly MemberTensor[], weightsByteLength: number): void {
  let end = 0;
  for (const tensor of tensors) {
    const { name, shape, offset, byteLength } = tensor;
    const expected = encodedByteLength(shape, encodingOf(tensor));
    if (byteLength !== expected || offset !== end)
      throw new ModelError(
        `Expected tensor ${name} of shape [${shape.join(', ')}] at byte ${end} with ${expected} bytes, received ${byteLength} at byte ${offset}.`,
      );
    end += byteLength;
  }
  if (end !== weightsByteLength)
    throw new ModelError(`Expected ${end} bytes of weights, as the manifest lists, received ${weightsByteLength}.`);
}

/** Checks the head, the only part whose size the manifest determines. */
function checkHead(tensors: readonly MemberTensor[], featureWidth: number, outputCount: number): void {
  const found = tensors.slice(-2).map(({ name, shape }) => describe(name, shape));
  const wanted = [describe('head/kernel', [featureWidth, outputCount]), describe('head/bias', [outputCount])];
  if (found.join() !== wanted.join())
    throw new ModelError(`Expected the last tensors to be ${wanted.join(' and ')}, received ${found.join(' and ')}.`);
}

function describe(name: string, shape: readonly number[]): string {
  return `${name} [${shape.join(', ')}]`;
}

function matchTensors(
  expected: readonly ModelWeight[],
  tensors: readonly MemberTensor[],
  weights: Uint8Array,
): Map<ModelWeight, Float32Array> {
  if (tensors.length !== expected.length)
    throw new ModelError(`Expected ${expected.length} tensors of this backbone, received ${tensors.length}.`);
  return new Map(
    expected.map((weight, index) => {
      const tensor = tensors[index]!;
      const { name, shape, offset, byteLength } = tensor;
      const [wanted, found] = [describe(nameOf(weight), weight.shape), describe(name, shape)];
      if (wanted !== found) throw new ModelError(`Expected ${wanted} as tensor ${index + 1}, received ${found}.`);
      const values = decodeTensor(weights.subarray(offset, offset + byteLength), shape, encodingOf(tensor));
      requireUsable(values, weight.weightName, name);
      return [weight, values];
    }),
  );
}

/** @param name of the tensor, for the message. */
function requireUsable(values: Float32Array, weightName: string, name: string): void {
  const unusable = unusableValue(values, weightName);
  if (unusable !== undefined)
    throw new ModelError(`Expected ${unusable.expected} in tensor ${name}, received ${unusable.received}.`);
}
