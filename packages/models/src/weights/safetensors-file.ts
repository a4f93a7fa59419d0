/**
 * Reads untrusted safetensors files defensively: no number is read before the whole header is checked, and the size of the file
 * bounds what is allocated.
 *
 * Format (https://huggingface.co/docs/safetensors): the length of the header, 8 bytes, little-endian; the header, an object of
 * JSON from names of tensors to `dtype`, `shape` and `data_offsets` (begin and end, counted from the end of the header), and
 * optionally `__metadata__`; then the tensors, little-endian, row by row, without gaps.
 */
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { checkValue, mistakesLine } from '../schema/check-value.ts';

/** One tensor of a file; `read` returns a copy of its numbers. */
export interface StoredTensor {
  /** Such as `blocks.0.0.bn1.weight`. */
  name: string;
  dtype: SafetensorsType;
  shape: readonly number[];
  /** @throws ModelError for any dtype but F32. */
  read(): Float32Array;
}

export type SafetensorsType = keyof typeof bytesPerElement;

/** @throws ModelError naming the file, what was expected and what was found. */
export function readSafetensors({ name: fileName, bytes }: { name: string; bytes: Uint8Array }): StoredTensor[] {
  const refuse = (expected: string, received: string) =>
    new ModelError(`${fileName}: expected ${expected}, received ${received}.`);
  const { header, dataStart } = headerOf(bytes, refuse);
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  if (names.length > maximumTensors)
    throw refuse(`at most ${maximumTensors} tensors, more than any backbone has`, String(names.length));
  const entries = names.map((name) => ({ name, ...entryOf(name, header[name], refuse) }));
  checkCoverage(entries, bytes.length - dataStart, refuse);
  return entries.map(({ name, dtype, shape, data_offsets: [begin, end] }) => ({
    name,
    dtype,
    shape,
    read() {
      if (dtype !== 'F32') throw refuse(`32-bit floats (F32) in ${name}`, dtype);
      // A copy, which is aligned to four bytes. Not slice(): on a node Buffer it shares memory.
      return new Float32Array(new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)).buffer);
    },
  }));
}

// --- internal ---

/** NASNetLarge, which has the most layers in keras.applications, would take a tenth. */
const maximumTensors = 20_000;
/** The header of EfficientNet-Lite0 has 22 kB. */
const maximumHeaderBytes = 4_000_000;
const maximumNameLength = 200;
const maximumRank = 8;
const lengthBytes = 8;

const bytesPerElement = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8, C64: 8 },
} as const;
const dtypes = Object.keys(bytesPerElement) as SafetensorsType[];

const count = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.enum(dtypes),
  shape: z.array(count).max(maximumRank),
  data_offsets: z.tuple([count, count]),
});
type Entry = z.output<typeof entrySchema>;
type Refuse = (expected: string, received: string) => ModelError;

function headerOf(bytes: Uint8Array, refuse: Refuse): { header: Record<string, unknown>; dataStart: number } {
  // As the length of a header, these four bytes would be 67 MB.
  if ([0x50, 0x4b, 0x03, 0x04].every((byte, index) => bytes[index] === byte))
    throw refuse(
      'a safetensors file',
      'a zip archive, as torch.save writes; write one with safetensors.torch.save_file',
    );
  if (bytes.length < lengthBytes + 2) throw refuse('a safetensors file', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const dataStart = lengthBytes + Number(length);
  if (length > maximumHeaderBytes || dataStart > bytes.length || bytes[lengthBytes] !== 0x7b)
    throw refuse(
      'a safetensors file',
      bytes[lengthBytes] === 0x7b && length <= maximumHeaderBytes
        ? `a truncated one: its header has ${length} bytes and the file ${bytes.length}`
        : 'a different file',
    );
  return { header: parseHeader(bytes.subarray(lengthBytes, dataStart), refuse), dataStart };
}

function parseHeader(bytes: Uint8Array, refuse: Refuse): Record<string, unknown> {
  try {
    // It starts with a brace, so that it is an object.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
  } catch {
    throw refuse('a header of JSON', 'invalid JSON or UTF-8');
  }
}

function entryOf(name: string, value: unknown, refuse: Refuse): Entry {
  // Names appear in one-line messages.
  if (name.length === 0 || name.length > maximumNameLength || /\p{Cc}/u.test(name))
    throw refuse(
      `1 to ${maximumNameLength} printable characters in the name of a tensor`,
      `${JSON.stringify(name.slice(0, 20))} of ${name.length}`,
    );
  const { data: entry, mistakes } = checkValue(entrySchema, value);
  if (mistakes !== undefined)
    throw refuse(`a valid entry of tensor ${name}`, `one with a mistake: ${mistakesLine(mistakes)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const size = shape.reduce((product, side) => product * side, bytesPerElement[dtype]);
  // The product of large sides is inexact, and then larger than any file.
  if (offsets[1] - offsets[0] !== size)
    throw refuse(
      `${size} bytes for tensor ${name} ${dtype} [${shape.join(', ')}]`,
      `data_offsets [${offsets.join(', ')}]`,
    );
  return entry;
}

/** Tensors must cover the numbers exactly: without gaps, overlaps, or bytes after the last one. */
function checkCoverage(
  entries: readonly { name: string; data_offsets: [number, number] }[],
  dataBytes: number,
  refuse: Refuse,
): void {
  let covered = 0;
  // Empty tensors first, which may begin where another one does.
  const inOrder = entries.toSorted(({ data_offsets: a }, { data_offsets: b }) => a[0] - b[0] || a[1] - b[1]);
  for (const {
    name,
    data_offsets: [begin, end],
  } of inOrder) {
    if (begin !== covered)
      throw refuse(
        `tensor ${name} to begin where the one before it ends, at byte ${covered}`,
        `byte ${begin}: ${begin < covered ? 'they overlap' : 'there is a gap'}`,
      );
    covered = end;
  }
  if (covered !== dataBytes)
    throw refuse(
      `${covered} bytes of tensors, as the header lists`,
      `${dataBytes}: the file is ${dataBytes < covered ? 'truncated' : 'damaged'}`,
    );
}
