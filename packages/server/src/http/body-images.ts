/** Finds the images in a body: the body itself, the files of a form, or base64 in JSON. */
import { z } from 'zod';
import { badRequest, RequestError, tooManyImages } from '../errors.ts';
import type { BodyImages } from './body-image.ts';
import { imagesOfForm } from './form-images.ts';
import { jsonBody } from './json-body.ts';

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
 * @param maxImages are counted before they are read.
 * @throws RequestError for a type that has no images, a body that is not of its type or has no images, and too many images.
 */
export async function imagesOf(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null,
  maxImages: number,
): Promise<BodyImages> {
  const kind = kindOf(contentType);
  if (bytes.length === 0) throw badRequest('Expected an image, received an empty body.');
  if (kind === 'json') return imagesOfJson(bytes, maxImages);
  if (kind === 'form') return imagesOfForm(bytes, contentType!, maxImages);
  return { images: [{ bytes }], top: undefined };
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

/** Values beside the images, so that a body with somewhat too many images is answered with their number. */
const otherJsonValues = 1000;

function imagesOfJson(bytes: Uint8Array, maxImages: number): BodyImages {
  const { image, images, top } = jsonBody(bytes, classifyBodySchema, maxImages + otherJsonValues);
  if (image !== undefined) return { images: [{ bytes: bytesOfBase64(image, 'image') }], top };
  if (images!.length > maxImages) throw tooManyImages(maxImages, images!.length);
  return { images: images!.map((text, index) => ({ bytes: bytesOfBase64(text, `images.${index}`) })), top };
}
