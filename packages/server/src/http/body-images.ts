/** Finds the images in a body: the body itself, the files of a form, or base64 in JSON. */
import { checkValue, mistakesLine } from '@chorus/models/bundle';
import { z } from 'zod';
import { RequestError } from '../errors.ts';

export interface BodyImage {
  /** Of the file in a form. */
  name?: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What a body asks for; `top` is undefined if the body does not have it. */
export interface BodyImages {
  images: BodyImage[];
  top: number | undefined;
}

/** Types of bodies, for messages and the header Accept-Post. */
export const acceptedTypes = [
  'image/*',
  'application/octet-stream',
  'multipart/form-data',
  'application/json',
] as const;

const base64Image = z.string().min(1).describe('An image file in base64, or a data URL of it.');

/** The body of a request in JSON. */
export const classifyBodySchema = z
  .strictObject({
    image: base64Image.optional(),
    images: z.array(base64Image).min(1).optional(),
    top: z.int().min(1).optional().describe('Number of classes to return, the most probable first; by default all.'),
  })
  .refine(
    ({ image, images }) => (image === undefined) !== (images === undefined),
    'expected either image or images, a list',
  );

/** @throws RequestError for a type that has no images. */
export function requireAcceptedType(contentType: string | null): void {
  kindOf(contentType);
}

/**
 * @param contentType the header Content-Type.
 * @throws RequestError for a type that has no images, and a body that is not of its type or has no images.
 */
export async function imagesOf(bytes: Uint8Array<ArrayBuffer>, contentType: string | null): Promise<BodyImages> {
  const kind = kindOf(contentType);
  if (bytes.length === 0) throw badRequest('Expected an image, received an empty body.');
  if (kind === 'json') return imagesOfJson(bytes);
  if (kind === 'form') return imagesOfForm(bytes, contentType!);
  return { images: [{ bytes }], top: undefined };
}

/** @throws RequestError unless the text is a whole number of at least 1. */
export function topOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw badRequest(`Expected top to be a whole number of at least 1, received ${JSON.stringify(text.slice(0, 80))}.`);
  return Number(text);
}

/**
 * @param place of the text, for messages.
 * @throws RequestError unless the text is base64, or a data URL with base64.
 */
export function bytesOfBase64(text: string, place: string): Uint8Array<ArrayBuffer> {
  const [prefix = ''] = /^data:[^,]{0,200};base64,/.exec(text) ?? [];
  const digits = text.slice(prefix.length);
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(digits))
    throw badRequest(
      `${place}: expected an image file in base64 with padding, or a data URL of it, received ${JSON.stringify(text.slice(0, 40))}${text.length > 40 ? '…' : ''}.`,
    );
  // A copy: a short Buffer is part of a pool, which cannot be transferred to a thread.
  return Uint8Array.from(Buffer.from(digits, 'base64'));
}

export function badRequest(message: string): RequestError {
  return new RequestError(400, 'bad_request', message);
}

/**
 * @param schema of the body.
 * @throws RequestError naming what the schema refuses.
 */
export function jsonBody<Schema extends z.ZodType>(bytes: Uint8Array, schema: Schema): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw badRequest(`Expected JSON in UTF-8: ${(error as Error).message.slice(0, 200)}.`);
  }
  const { data, mistakes } = checkValue(schema, json);
  if (mistakes !== undefined) throw badRequest(`The JSON body is not as expected: ${mistakesLine(mistakes)}.`);
  return data;
}

// --- internal ---

function kindOf(contentType: string | null): 'file' | 'form' | 'json' {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (type.startsWith('image/') || type === 'application/octet-stream') return 'file';
  if (type === 'multipart/form-data') return 'form';
  if (type === 'application/json') return 'json';
  throw new RequestError(
    415,
    'unsupported_type',
    `Expected the Content-Type to be one of ${acceptedTypes.join(', ')}, received ${type === '' ? 'none' : JSON.stringify(type.slice(0, 80))}.`,
    { 'Accept-Post': acceptedTypes.join(', ') },
  );
}

function imagesOfJson(bytes: Uint8Array): BodyImages {
  const { image, images, top } = jsonBody(bytes, classifyBodySchema);
  return {
    images:
      image === undefined
        ? images!.map((text, index) => ({ bytes: bytesOfBase64(text, `images.${index}`) }))
        : [{ bytes: bytesOfBase64(image, 'image') }],
    top,
  };
}

async function imagesOfForm(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<BodyImages> {
  const form = await new Response(bytes, { headers: { 'Content-Type': contentType } }).formData().catch(() => {
    throw badRequest(
      'Expected a form as its Content-Type multipart/form-data with its boundary declares, received another body.',
    );
  });
  const images: BodyImage[] = [];
  let top: number | undefined;
  for (const [name, value] of form) {
    if (typeof value !== 'string') images.push({ name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
    else if (name === 'top') top = topOf(value);
    else
      throw badRequest(
        `Expected files, and top, in the form, received the text field ${JSON.stringify(name.slice(0, 80))}; send an image as a file (curl -F image=@photo.jpg).`,
      );
  }
  if (images.length === 0) throw badRequest('Expected at least one file in the form, received none.');
  return { images, top };
}
