import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedMemory } from './mapped-values.ts';
import { SharedFiles } from './shared-files.ts';

let parent: string;
let files: SharedFiles;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-shared-'));
  files = await SharedFiles.open(join(parent, 'memory'));
});
afterEach(async () => {
  files.close();
  await rm(parent, { recursive: true, force: true });
});

function bufferOf(...bytes: number[]): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

const map = (path: string, byteLength: number) => new Uint8Array(sharedMemory(path, byteLength, { isWritable: true }));

describe('shared files', () => {
  it('have the content that a buffer had, once', async () => {
    const buffer = bufferOf(1, 2, 3);
    const path = await files.pathOf(buffer);
    new Uint8Array(buffer)[0] = 9;
    expect(await files.pathOf(buffer)).toBe(path);
    expect([...map(path, 3)]).toEqual([1, 2, 3]);
  });

  it('are written once, however many lanes ask at the same time', async () => {
    const buffer = bufferOf(1);
    const paths = await Promise.all([1, 2, 3].map(() => files.pathOf(buffer)));
    expect(new Set(paths).size).toBe(1);
  });

  it('return what others have written', async () => {
    const buffer = bufferOf(1, 2, 3, 4);
    map(await files.pathOf(buffer), 4)[2] = 33;
    expect([...(await files.read(buffer, 1, 3))]).toEqual([2, 33, 4]);
  });

  it('begin with zeros', async () => {
    expect([...map(await files.create(4), 4)]).toEqual([0, 0, 0, 0]);
  });

  it.runIf(process.platform === 'linux')('have no name, so that none is left after any end (Linux)', async () => {
    const path = await files.create(4);
    expect(await readlink(path)).toMatch(/\/chorus-[0-9a-f-]{36} \(deleted\)$/);
    expect(await readdir(parent)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('are in the folder if memory has no room (Linux)', async () => {
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(2 ** 20);
    try {
      const path = await files.pathOf(new SharedArrayBuffer(2 ** 20));
      expect(await readlink(path)).toContain(join(parent, 'memory', 'chorus-'));
    } finally {
      available.mockRestore();
    }
    files.close();
    expect(existsSync(join(parent, 'memory'))).toBe(false);
  });

  it('of an earlier process are removed', async () => {
    await mkdir(join(parent, 'memory'));
    await writeFile(join(parent, 'memory', 'chorus-left'), 'bytes');
    await SharedFiles.open(join(parent, 'memory'));
    expect(await readdir(parent)).toEqual([]);
  });
});
