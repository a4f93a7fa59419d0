import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withFiles, withMemory } from './mapped-values.ts';
import { SharedFiles } from './shared-files.ts';

let folder: string;
let files: SharedFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-mapped-'));
  files = await SharedFiles.open(join(folder, 'memory'));
});
afterAll(async () => {
  files.close();
  await rm(folder, { recursive: true, force: true });
});

const isNeverWritable = () => false;
const shared = (values: Float32Array) => {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
};

/** The value as the other process has it: through files, and the serialization of messages. */
async function sent(value: unknown, isWritable: (buffer: SharedArrayBuffer) => boolean = isNeverWritable) {
  const message = await withFiles(value, (buffer) => files.pathOf(buffer), isWritable);
  return withMemory(structuredClone(message));
}

describe('plain data with shared memory', () => {
  it('arrives with its memory and typed arrays, wherever they are', async () => {
    const rows = shared(Float32Array.of(1, 2, 3, 4));
    const value = {
      ...{ text: 'a', number: 1, none: null, missing: undefined, flag: true },
      ...{ own: Uint32Array.of(5, 6), segments: [rows.buffer, rows.buffer], empty: new SharedArrayBuffer(0) },
      nested: { part: rows.subarray(1, 3), list: [{ bytes: new Uint8Array(rows.buffer, 4, 2) }] },
    };
    const received = (await sent(value)) as typeof value;
    expect(received).toMatchObject({ text: 'a', number: 1, none: null, flag: true, own: Uint32Array.of(5, 6) });
    expect('missing' in received).toBe(true);
    expect(received.nested.part).toEqual(Float32Array.of(2, 3));
    expect([...received.nested.list[0]!.bytes]).toEqual([...new Uint8Array(rows.buffer, 4, 2)]);
    expect(received.segments.map((segment) => [...new Float32Array(segment)])).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    expect(received.empty.byteLength).toBe(0);
  });

  it('is memory of both if it is writable', async () => {
    const { buffer } = shared(Float32Array.of(1, 2));
    const received = (await sent({ buffer }, (one) => one === buffer)) as { buffer: SharedArrayBuffer };
    new Float32Array(received.buffer)[1] = 20;
    expect(new Float32Array((await files.read(buffer as SharedArrayBuffer, 0, 8)).buffer)).toEqual(
      Float32Array.of(1, 20),
    );
  });

  it('may have no other views', async () => {
    const view = new DataView(new SharedArrayBuffer(1));
    await expect(sent({ view })).rejects.toThrow(
      'expected one of Uint8Array, Int32Array, Uint32Array, Float32Array, received DataView',
    );
  });
});
