import { readInChunks } from './regular-file.ts';

/**
 * Reads the lines of a regular file in UTF-8, also while another process appends to it.
 *
 * @param options `maxBytes`: a larger file is rejected before it is read; `maxLineBytes`: a longer line is skipped, and never
 * held in memory.
 * @returns lines without their ends (`\n` or `\r\n`); the last one may lack its end.
 * @throws UnreadableFileError as `readRegularFile`.
 * @example
 * for await (const line of readLines('run/metrics.jsonl', { maxBytes: 2 ** 28, maxLineBytes: 2 ** 16 })) parse(line);
 */
export async function* readLines(
  path: string,
  { maxBytes, maxLineBytes }: { maxBytes: number; maxLineBytes: number },
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length > maxLineBytes) parts = [];
    else parts.push(part);
  };
  const line = (): string | undefined => {
    const text = length > maxLineBytes ? undefined : decoder.decode(Buffer.concat(parts)).replace(/\r$/, '');
    parts = [];
    length = 0;
    return text;
  };
  for await (const chunk of readInChunks(path, { maxBytes })) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      take(chunk.subarray(start, end));
      start = end + 1;
      const whole = line();
      if (whole !== undefined) yield whole;
    }
    take(chunk.subarray(start));
  }
  const last = length === 0 ? undefined : line();
  if (last !== undefined) yield last;
}

// --- internal ---

const newline = 0x0a;
