/** Tensors of the Open Inference Protocol: in JSON, or as bytes behind the JSON (its binary tensor data extension). */
import { z } from 'zod';
import { badRequest, tooManyImages } from '../errors.ts';
import { bytesOfBase64 } from '../http/body-images.ts';
import { jsonBody } from '../http/json-body.ts';
import type { ImageContent } from '../model/protocol.ts';

const dimension = z
  .int()
  .min(0)
  .max(2 ** 31);

/** A list whose length is checked before its elements: each wrong element would be a mistake of its own. */
function shortList<Element extends z.ZodType>(element: Element, range: { min: number; max: number }) {
  const { min, max } = range;
  return z.preprocess((value, context) => {
    if (Array.isArray(value) && value.length > max)
      context.addIssue({ code: 'custom', message: `expected a list of ${min === max ? max : `${min} to ${max}`}` });
    return value;
  }, z.array(element).min(min).max(max));
}

const inputTensor = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: shortList(dimension, { min: 1, max: 8 }),
  parameters: z.object({ binary_data_size: z.int().min(0).optional() }).optional(),
  data: z.array(z.unknown()).optional(),
});

const outputTensor = z.object({
  name: z.string(),
  parameters: z.object({ binary_data: z.boolean().optional() }).optional(),
});

/** The body of an inference request, or its part in JSON. Other keys are of extensions. */
export const inferBodySchema = z.object({
  id: z.string().optional(),
  inputs: shortList(inputTensor, { min: 1, max: 1 }),
  outputs: shortList(outputTensor, { min: 1, max: 16 }).optional(),
  parameters: z.object({ binary_data_output: z.boolean().optional() }).optional(),
});

export type InferBody = z.output<typeof inferBodySchema>;
type InputTensor = InferBody['inputs'][number];

/** The tensors that a request may send, one of them, in the form of a model's metadata. */
export const inputTensors = [
  { name: 'image', datatype: 'BYTES', shape: [-1] },
  { name: 'pixels', datatype: 'UINT8', shape: [-1, -1, -1, 3] },
] as const;

/**
 * Reads a request.
 *
 * @param headerLength the header Inference-Header-Content-Length, the bytes of the JSON; null for a body of JSON only.
 * @param maxImages are counted before they are read.
 * @throws RequestError naming what is not as expected, and for too many images.
 */
export function readInference(
  bytes: Uint8Array<ArrayBuffer>,
  headerLength: string | null,
  maxImages: number,
): { body: InferBody; images: ImageContent[] } {
  const jsonLength = headerLength === null ? bytes.length : Number(headerLength);
  if (!Number.isInteger(jsonLength) || jsonLength < 0 || jsonLength > bytes.length)
    throw badRequest(
      `Expected Inference-Header-Content-Length to be a whole number up to the body's ${bytes.length} bytes, received ${JSON.stringify(headerLength!.slice(0, 80))}.`,
    );
  const body = jsonBody(bytes.subarray(0, jsonLength), inferBodySchema, maxJsonValues);
  const input = body.inputs[0]!;
  if (input.shape[0]! > maxImages) throw tooManyImages(maxImages, input.shape[0]!);
  return { body, images: imagesOf(input, bytes.subarray(jsonLength)) };
}

// --- internal ---

/** About seven images of 224 × 224 pixels; larger inputs are sent as bytes. */
const maxJsonValues = 1_000_000;

function imagesOf(input: InputTensor, binary: Uint8Array<ArrayBuffer>): ImageContent[] {
  const { name, datatype, shape } = input;
  const size = input.parameters?.binary_data_size;
  if ((size === undefined) === (input.data === undefined))
    throw badRequest(`${name}: expected either data or parameters.binary_data_size.`);
  if ((size ?? 0) !== binary.length)
    throw badRequest(`${name}: expected ${size ?? 0} bytes behind the JSON, received ${binary.length}.`);
  if (datatype === 'BYTES' && (shape.length === 1 || (shape.length === 2 && shape[1] === 1)))
    return encodedImages(input, shape[0]!, binary);
  if (datatype === 'UINT8' && shape.length === 4 && shape[3] === 3) return pixelImages(input, binary);
  throw badRequest(
    `${name}: expected encoded images, BYTES [N], or pixels, UINT8 [N,height,width,3], received ${datatype.slice(0, 40)} [${shape.join(',')}].`,
  );
}

function encodedImages({ name, data }: InputTensor, count: number, binary: Uint8Array): ImageContent[] {
  const elements = data === undefined ? prefixedElements(binary, name, count) : data.flat();
  if (elements.length !== count || count === 0)
    throw badRequest(`${name}: expected the number of images in its shape, at least 1, received ${elements.length}.`);
  return elements.map((element, index) => {
    if (element instanceof Uint8Array) return element as Uint8Array<ArrayBuffer>;
    if (typeof element === 'string') return bytesOfBase64(element, `${name}.${index}`);
    throw badRequest(`${name}.${index}: expected an image file in base64, received ${typeof element}.`);
  });
}

/** Elements of BYTES follow their lengths, 4 bytes in little-endian order. */
function prefixedElements(binary: Uint8Array, name: string, count: number): Uint8Array[] {
  const view = new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  const elements: Uint8Array[] = [];
  for (let position = 0; position < binary.length; ) {
    const end = position + 4 <= binary.length ? position + 4 + view.getUint32(position, true) : Number.NaN;
    if (!(end <= binary.length)) throw badRequest(`${name}: the lengths of its elements do not fit its bytes.`);
    if (elements.length === count) throw badRequest(`${name}: expected ${count} elements, received more.`);
    elements.push(binary.slice(position + 4, end));
    position = end;
  }
  return elements;
}

function pixelImages({ name, data, shape }: InputTensor, binary: Uint8Array): ImageContent[] {
  const [count, height, width] = shape as [number, number, number];
  const length = height * width * 3;
  const bytes = data === undefined ? binary : bytesOfNumbers(data, name);
  if (bytes.length !== count * length || length === 0 || count === 0)
    throw badRequest(`${name}: expected ${count * length} values, at least one pixel, received ${bytes.length}.`);
  return Array.from({ length: count }, (_, index) => ({
    data: bytes.slice(index * length, (index + 1) * length) as Uint8Array<ArrayBuffer>,
    ...{ width, height },
  }));
}

/** @param data numbers, or lists of lists of them. */
function bytesOfNumbers(data: readonly unknown[], name: string): Uint8Array {
  const numbers = data.flat(3);
  const wrong = numbers.find((value) => !Number.isInteger(value) || (value as number) < 0 || (value as number) > 255);
  if (wrong !== undefined)
    throw badRequest(`${name}: expected whole numbers from 0 to 255, received ${JSON.stringify(wrong).slice(0, 40)}.`);
  return Uint8Array.from(numbers as number[]);
}
