/** Tensors of the Open Inference Protocol: in JSON, or as bytes behind the JSON (its binary tensor data extension). */
import { z } from 'zod';
import { badRequest, bytesOfBase64, jsonBody } from '../http/body-images.ts';
import type { ImageContent } from '../model/protocol.ts';

const dimension = z
  .int()
  .min(0)
  .max(2 ** 31);

const inputTensor = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(dimension).min(1).max(8),
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
  inputs: z.array(inputTensor).length(1),
  outputs: z.array(outputTensor).min(1).optional(),
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
 * @throws RequestError naming what is not as expected.
 */
export function readInference(
  bytes: Uint8Array<ArrayBuffer>,
  headerLength: string | null,
): { body: InferBody; images: ImageContent[] } {
  const jsonLength = headerLength === null ? bytes.length : Number(headerLength);
  if (!Number.isInteger(jsonLength) || jsonLength < 0 || jsonLength > bytes.length)
    throw badRequest(
      `Expected Inference-Header-Content-Length to be a whole number up to the body's ${bytes.length} bytes, received ${JSON.stringify(headerLength!.slice(0, 80))}.`,
    );
  const body = jsonBody(bytes.subarray(0, jsonLength), inferBodySchema);
  return { body, images: imagesOf(body.inputs[0]!, bytes.subarray(jsonLength)) };
}

// --- internal ---

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
  const images =
    data === undefined
      ? [...prefixedElements(binary, name)]
      : data.flat().map((text, index) => {
          if (typeof text === 'string') return bytesOfBase64(text, `${name}.${index}`);
          throw badRequest(`${name}.${index}: expected an image file in base64, received ${typeof text}.`);
        });
  if (images.length !== count || count === 0)
    throw badRequest(`${name}: expected the number of images in its shape, at least 1, received ${images.length}.`);
  return images;
}

/** Elements of BYTES follow their lengths, 4 bytes in little-endian order. */
function* prefixedElements(binary: Uint8Array, name: string): Generator<Uint8Array<ArrayBuffer>> {
  const view = new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  for (let position = 0; position < binary.length; ) {
    const end = position + 4 <= binary.length ? position + 4 + view.getUint32(position, true) : Number.NaN;
    if (!(end <= binary.length)) throw badRequest(`${name}: the lengths of its elements do not fit its bytes.`);
    yield binary.slice(position + 4, end) as Uint8Array<ArrayBuffer>;
    position = end;
  }
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
