/** A single attempt to download the missing part of a file. */
import type { Client } from './client.ts';
import type { Answer } from './exchange.ts';
import { TransferFault, TransferRefusal } from './faults.ts';
import type { PartialFile, PartOf } from './partial-file.ts';
import { readRetryAfter } from './retry.ts';
import { type FileSource, hasHash } from './source.ts';

export interface TransferOptions {
  maximumBytes: number;
  /** Called with the bytes received so far, including earlier attempts, and the total, if known. */
  onProgress: ((bytes: number, totalBytes: number | undefined) => void) | undefined;
}

/**
 * Resumes a partial file, or starts one, until it has the size that the server reports.
 *
 * @throws TransferFault for a failure that a retry may resolve, and keeps the bytes received; TransferRefusal for any other.
 */
export async function transfer(
  source: FileSource,
  partial: PartialFile,
  client: Client,
  options: TransferOptions,
): Promise<void> {
  const there = await continuable(source, partial, options.maximumBytes);
  // Already complete: an earlier process ended between the last byte and the verification.
  if (there !== undefined && there.bytes === there.of.totalBytes) return;
  const answer = await client.get(source.url, there === undefined ? {} : rangeHeaders(there));
  try {
    const place = await placeOf(answer, there, source, partial, options.maximumBytes);
    await receive(answer, place, partial, options);
  } finally {
    answer.drop();
  }
}

// --- internal ---

type Part = { bytes: number; of: PartOf };

/** Returns the existing part if a hash or a validator can detect another version of the file. */
async function continuable(source: FileSource, partial: PartialFile, maximumBytes: number): Promise<Part | undefined> {
  const there = await partial.state();
  if (there === undefined || there.of.url !== source.url) return undefined;
  if (there.bytes > Math.min(there.of.totalBytes ?? maximumBytes, maximumBytes)) return undefined;
  return hasHash(source) || validatorOf(there.of) !== undefined ? there : undefined;
}

function rangeHeaders({ bytes, of }: Part): Record<string, string> {
  const validator = validatorOf(of);
  return { range: `bytes=${bytes}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/** RFC 9110, 13.1.5: a weak tag does not guarantee identical bytes. */
function validatorOf({ etag, lastModified }: PartOf): string | undefined {
  return etag?.startsWith('"') ? etag : lastModified;
}

/** Where the content of a response goes, in bytes. */
interface Place {
  start: number;
  /** Size of the whole file. */
  totalBytes: number | undefined;
}

/** Returns the end of the existing part, or the beginning of a new one. */
async function placeOf(
  answer: Answer,
  there: Part | undefined,
  source: FileSource,
  partial: PartialFile,
  maximumBytes: number,
): Promise<Place> {
  const encoding = answer.header('content-encoding') ?? 'identity';
  if (answer.status === 200) {
    if (encoding !== 'identity')
      throw new TransferRefusal(`expected a file without content encoding, received the encoding ${encoding}`);
    const of = partOf(source, answer);
    checkTotal(of.totalBytes, source, maximumBytes);
    await partial.begin(of);
    return { start: 0, totalBytes: of.totalBytes ?? source.bytes };
  }
  if (there !== undefined && answer.status === 206) {
    const totalBytes = encoding === 'identity' ? totalOfRest(answer, there, source) : undefined;
    if (totalBytes !== undefined) {
      checkTotal(totalBytes, source, maximumBytes);
      return { start: there.bytes, totalBytes };
    }
    await partial.discard();
    throw new TransferFault(`received a range that was not requested: ${answer.header('content-range')}`);
  }
  if (there !== undefined && answer.status === 416) {
    await partial.discard();
    throw new TransferFault('received HTTP 416: the partial file does not match the remote one');
  }
  if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
    const waitMs = readRetryAfter(answer.header('retry-after'), Date.now());
    const wait = waitMs === undefined ? '' : `, retry after ${Math.ceil(waitMs / 1000)} s`;
    throw new TransferFault(`received HTTP ${answer.status}${wait}`, { waitMs });
  }
  throw new TransferRefusal(`expected a file, received HTTP ${answer.status}`);
}

function partOf(source: FileSource, answer: Answer): PartOf {
  const [etag, lastModified, length] = ['etag', 'last-modified', 'content-length'].map(answer.header);
  return {
    url: source.url,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    ...(length === undefined ? {} : { totalBytes: Number(length) }),
  };
}

function checkTotal(totalBytes: number | undefined, source: FileSource, maximumBytes: number): void {
  if (totalBytes === undefined) {
    if (source.bytes === undefined && !hasHash(source))
      throw new TransferRefusal('expected a content-length header, because there is no hash to verify; received none');
    return;
  }
  if (source.bytes !== undefined && totalBytes !== source.bytes)
    throw new TransferRefusal(`expected ${source.bytes} bytes, received a response of ${totalBytes} bytes`);
  if (totalBytes > maximumBytes)
    throw new TransferRefusal(`expected at most ${maximumBytes} bytes, received a response of ${totalBytes} bytes`);
}

/** Returns the size of the whole file if the content is the rest of the same version; undefined otherwise. */
function totalOfRest(answer: Answer, { bytes, of }: Part, source: FileSource): number | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? [];
  const [etag, lastModified] = ['etag', 'last-modified'].map(answer.header);
  // RFC 9110, 15.3.7: a partial response has the tag of the whole file. Required unless a hash detects another version.
  const sameTag = etag === of.etag || (hasHash(source) && (etag === undefined || of.etag === undefined));
  const isRest =
    Number(first) === bytes &&
    Number(last) === Number(total) - 1 &&
    Number(total) === (of.totalBytes ?? Number(total)) &&
    sameTag &&
    (lastModified === undefined || lastModified === of.lastModified);
  return isRest ? Number(total) : undefined;
}

async function receive(
  answer: Answer,
  { start, totalBytes }: Place,
  partial: PartialFile,
  { maximumBytes, onProgress }: TransferOptions,
): Promise<void> {
  const longest = totalBytes ?? maximumBytes;
  const writer = await partial.writer();
  let bytes = start;
  try {
    for await (const chunk of answer.content()) {
      if (bytes + chunk.length > longest) throw new TransferRefusal(`expected at most ${longest} bytes, received more`);
      await writer.write(chunk, bytes);
      bytes += chunk.length;
      onProgress?.(bytes, totalBytes);
    }
  } finally {
    await writer.close();
  }
  if (totalBytes !== undefined && bytes !== totalBytes)
    throw new TransferFault(`received ${bytes} of ${totalBytes} bytes`);
}
