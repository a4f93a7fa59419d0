/** Reads the files of a form. */
import { MIMEType } from 'node:util';
import { badRequest, tooManyImages } from '../errors.ts';
import type { BodyImages } from './body-image.ts';
import { topOf } from './top.ts';

/** @throws RequestError for another body, another field, and more than `maxImages` files. */
export async function imagesOfForm(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  maxImages: number,
): Promise<BodyImages> {
  const boundary = boundaryOf(contentType);
  requireFewParts(bytes, boundary, maxImages);
  const headers = { 'Content-Type': `multipart/form-data; boundary="${boundary}"` };
  const form = await new Response(bytes, { headers }).formData().catch(() => {
    throw noForm();
  });
  const images: BodyImages['images'] = [];
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
  if (images.length > maxImages) throw tooManyImages(maxImages, images.length);
  return { images, top };
}

// --- internal ---

const maxPartHeaderBytes = 8192;

function noForm() {
  return badRequest(
    'Expected a form as its Content-Type multipart/form-data with its boundary declares, received another body.',
  );
}

/** @throws RequestError for a boundary that RFC 2046 does not allow. */
function boundaryOf(contentType: string): string {
  let boundary: string | null = null;
  try {
    boundary = new MIMEType(contentType).params.get('boundary');
  } catch {
    // Not a media type.
  }
  if (boundary === null || !/^[\w'()+,./:=? -]{1,70}$/.test(boundary)) throw noForm();
  return boundary;
}

/** The parser needs time for each part, and for each line of its headers. */
function requireFewParts(bytes: Uint8Array<ArrayBuffer>, boundary: string, maxImages: number): void {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = `--${boundary}`;
  let count = 0;
  for (let start = content.indexOf(delimiter); start !== -1; count += 1) {
    // The field top, and the delimiter at the end.
    if (count > maxImages + 2) throw tooManyImages(maxImages, 'more');
    const headersStart = start + delimiter.length;
    const next = content.indexOf(delimiter, headersStart);
    const headersEnd = content.subarray(headersStart, headersStart + maxPartHeaderBytes).indexOf('\r\n\r\n');
    if (headersEnd === -1 && (next === -1 ? content.length : next) - headersStart > maxPartHeaderBytes)
      throw badRequest(`Expected at most ${maxPartHeaderBytes} bytes of headers in each part of the form.`);
    start = next;
  }
}
