/** Plain data with shared memory, sent to another process: each SharedArrayBuffer becomes a file that both map. */
import { mapFile } from '@chorus/runtime';

/** Stands for shared memory, or a typed array over it, in a message. */
interface MappedMemory {
  mappedFile: string;
  byteLength: number;
  isWritable: boolean;
  view: { kind: ViewKind; byteOffset: number; length: number } | null;
}

type ViewKind = 'Uint8Array' | 'Int32Array' | 'Uint32Array' | 'Float32Array';

const viewKinds: Readonly<
  Record<
    ViewKind,
    { new (memory: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView; BYTES_PER_ELEMENT: number }
  >
> = { Uint8Array, Int32Array, Uint32Array, Float32Array };

/**
 * Replaces shared memory in plain data.
 *
 * @param pathOf a file with the content of a buffer.
 * @param isWritable whether the receiver writes to a buffer.
 */
export async function withFiles(
  value: unknown,
  pathOf: (buffer: SharedArrayBuffer) => Promise<string>,
  isWritable: (buffer: SharedArrayBuffer) => boolean,
): Promise<unknown> {
  const replaced = async (buffer: SharedArrayBuffer, view: MappedMemory['view'] = null): Promise<MappedMemory> => ({
    mappedFile: await pathOf(buffer),
    byteLength: buffer.byteLength,
    isWritable: isWritable(buffer),
    view,
  });
  if (value instanceof SharedArrayBuffer) return replaced(value);
  if (ArrayBuffer.isView(value))
    return value.buffer instanceof SharedArrayBuffer ? replaced(value.buffer, viewOf(value)) : value;
  if (Array.isArray(value)) return Promise.all(value.map((one) => withFiles(one, pathOf, isWritable)));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(async ([key, one]) => [key, await withFiles(one, pathOf, isWritable)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The inverse of {@link withFiles}, in the receiving process. */
export function withMemory(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMemory);
  if (!isPlain(value)) return value;
  if (isMappedMemory(value)) {
    const memory = sharedMemory(value.mappedFile, value.byteLength, value);
    if (value.view === null) return memory;
    const { kind, byteOffset, length } = value.view;
    return new viewKinds[kind](memory, byteOffset, length);
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withMemory(one)]));
}

/**
 * Maps a file that processes share. The result is an ArrayBuffer, but used like memory that threads share: by typed arrays and
 * `Atomics`.
 *
 * @throws RuntimeError when it cannot be mapped.
 */
export function sharedMemory(path: string, byteLength: number, options: { isWritable: boolean }): SharedArrayBuffer {
  return mapFile(path, byteLength, options) as ArrayBufferLike as SharedArrayBuffer;
}

// --- internal ---

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isMappedMemory(value: object): value is MappedMemory {
  return 'mappedFile' in value;
}

function viewOf(view: ArrayBufferView): NonNullable<MappedMemory['view']> {
  const kind = view.constructor.name as ViewKind;
  if (!(kind in viewKinds)) throw new Error(`expected one of ${Object.keys(viewKinds).join(', ')}, received ${kind}`);
  const length = view.byteLength / viewKinds[kind].BYTES_PER_ELEMENT;
  return { kind, byteOffset: view.byteOffset, length };
}
