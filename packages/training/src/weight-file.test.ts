import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError, sha256 } from '@chorus/storage';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readKnownWeightFile, readWeightFile } from './weight-file.ts';

let folder: string;
const content = Buffer.from('the bytes of a weight file');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-weight-file-'));
  await writeFile(join(folder, 'known.h5'), content);
  await mkdir(join(folder, 'folder.h5'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('readKnownWeightFile', () => {
  it('reads a file whose content has not changed', async () => {
    const known = { path: join(folder, 'known.h5'), sha256: sha256(content) };
    expect(Buffer.compare(await readKnownWeightFile(known), content)).toBe(0);
  });

  it('refuses a changed file, and reports both checksums', async () => {
    const path = join(folder, 'changed.h5');
    const changed = Buffer.from('the bytes of a weight filE');
    await writeFile(path, changed);
    const read = readKnownWeightFile({ path, sha256: sha256(content) });
    await expect(read).rejects.toThrow(StorageError);
    await expect(read).rejects.toThrow(
      `The weight file ${path} has changed since the run started: expected SHA-256 ${sha256(content)}, received ${sha256(changed)}. Restore the file, or start a new run.`,
    );
  });
});

describe('readWeightFile', () => {
  test.each([
    ['a missing file', 'none.h5', 'no such file or folder'],
    ['a folder', 'folder.h5', 'a folder instead of a regular file'],
  ])('refuses %s', async (_, name, received) => {
    const path = join(folder, name);
    const read = readWeightFile(path);
    await expect(read).rejects.toThrow(StorageError);
    await expect(read).rejects.toThrow(`Cannot read the weight file ${path}: ${received}.`);
  });
});
