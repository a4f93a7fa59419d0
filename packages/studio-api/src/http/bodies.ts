/** Reads the bodies of requests, within limits. */
import { ByteBudget, jsonBody, RequestError, readBody, withinTime } from '@chorus/server/http';
import type { z } from 'zod';

/** Of an image's file; a photograph of a camera has up to 30 MB. */
const maxImageBytes = 64 * 2 ** 20;
const maxJsonBytes = 2 * 2 ** 20;
/** More than the paths of the longest request. */
const maxJsonValues = 3000;
/** Time in which a body must have arrived, milliseconds. */
const bodyTimeoutMs = 60_000;

/** Of all bodies that are in memory. */
const budget = new ByteBudget(256 * 2 ** 20);

/** @throws RequestError for another type, too many bytes, and JSON that the schema refuses. */
export async function readJson<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  requireType(request, (type) => type === 'application/json', 'application/json');
  return withBytes(request, maxJsonBytes, async (bytes) => jsonBody(bytes, schema, maxJsonValues));
}

/**
 * Reads the file of an image and works with it; its bytes count as taken until the work ends.
 *
 * @throws RequestError for another type and too many bytes.
 */
export async function withImage<Result>(
  request: Request,
  work: (bytes: Uint8Array<ArrayBuffer>) => Promise<Result>,
): Promise<Result> {
  requireType(
    request,
    (type) => type.startsWith('image/') || type === 'application/octet-stream',
    'image/* or application/octet-stream',
  );
  return withBytes(request, maxImageBytes, work);
}

// --- internal ---

/** Forms, which other pages can send without asking first, have other types. */
function requireType(request: Request, isExpected: (type: string) => boolean, expected: string): void {
  const type = (request.headers.get('Content-Type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (!isExpected(type))
    throw new RequestError(
      415,
      'unsupported_type',
      `Expected the Content-Type ${expected}, received ${type === '' ? 'none' : JSON.stringify(type.slice(0, 80))}.`,
    );
}

async function withBytes<Result>(
  request: Request,
  maxBytes: number,
  work: (bytes: Uint8Array<ArrayBuffer>) => Promise<Result>,
): Promise<Result> {
  const body = await withinTime(request.signal, bodyTimeoutMs, (signal) =>
    readBody(request, { maxBytes, budget, signal }),
  );
  try {
    return await work(body.bytes);
  } finally {
    body.release();
  }
}
