/** Inputs to classify: files, and URLs and streams, which are written to files when their chunk is decoded. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ImageToDecode } from '@chorus/data';
import { fetchBytes, withFreeFile, withoutCredentials, writing } from '@chorus/storage';

export type ImageInput =
  | ({ kind: 'file' } & ImageToDecode)
  /** Downloaded when its chunk is decoded. */
  | { kind: 'url'; url: string }
  /** A stream that contains one image. */
  | { kind: 'stream'; name: string; stream: AsyncIterable<Uint8Array> }
  /** An argument without a match. */
  | { kind: 'missing'; name: string; reason: string };

/** As for files; see `decode-file.ts` of the data package. */
const maxImageBytes = 512 * 2 ** 20;
const downloadTimeoutMs = 120_000;
const downloadsAtATime = 6;

/** Returns the name of an input in results. */
export function nameOf(input: ImageInput): string {
  switch (input.kind) {
    case 'file':
      return input.relativePath ?? input.path;
    case 'url':
      return withoutCredentials(input.url);
    default:
      return input.name;
  }
}

/**
 * Writes URLs and streams to files.
 *
 * @param folder for the files; required unless all inputs are files. The caller removes it.
 * @returns in the order of the inputs, an image to decode or the reason that there is none.
 * @throws the signal's reason after an abort; UnwritableError when a file cannot be written.
 */
export async function toFiles(
  inputs: readonly ImageInput[],
  folder: string | undefined,
  signal: AbortSignal | undefined,
): Promise<(ImageToDecode | { reason: string })[]> {
  const files = new Array<ImageToDecode | { reason: string }>(inputs.length);
  let next = 0;
  async function work(): Promise<void> {
    while (next < inputs.length) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      files[index] = await toFile(inputs[index]!, folder === undefined ? undefined : join(folder, `${index}`), signal);
    }
  }
  await Promise.all(Array.from({ length: Math.min(downloadsAtATime, inputs.length) }, work));
  return files;
}

// --- internal ---

async function toFile(
  input: ImageInput,
  path: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ImageToDecode | { reason: string }> {
  if (input.kind === 'file') return input;
  if (input.kind === 'missing') return { reason: input.reason };
  if (path === undefined) throw new Error(`expected a folder for the input ${nameOf(input)}`);
  let bytes: Uint8Array;
  try {
    bytes = input.kind === 'url' ? await download(input.url, signal) : await readAll(input.stream, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const { message } = error as Error;
    return { reason: `cannot be ${input.kind === 'url' ? 'downloaded' : 'read'}: ${message}` };
  }
  await writing(path, () => withFreeFile(path, () => writeFile(path, bytes)));
  return { path, relativePath: nameOf(input) };
}

function download(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return fetchBytes(url, {
    maximumBytes: maxImageBytes,
    timeoutMs: downloadTimeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function readAll(stream: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return await Promise.race([buffer(limited(stream)), ...(signal === undefined ? [] : [rejection(signal)])]);
}

async function* limited(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let byteCount = 0;
  for await (const chunk of stream) {
    byteCount += chunk.length;
    if (byteCount > maxImageBytes) throw new Error(`expected at most ${maxImageBytes} bytes, received more`);
    yield chunk;
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
