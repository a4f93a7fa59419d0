import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError, sha256 } from '@chorus/storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readKnownWeightFile, readWeightFile } from './weight-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-weight-file-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('reads a file whose content is as expected, and refuses any other content', async () => {
  const path = join(folder, 'a.h5');
  await writeFile(path, 'weights');
  const known = { path, sha256: sha256(Buffer.from('weights')) };
  expect(Buffer.from(await readKnownWeightFile(known)).toString()).toBe('weights');
  await writeFile(path, 'Weights');
  await expect(readKnownWeightFile(known)).rejects.toThrow(StorageError);
  await expect(readKnownWeightFile(known)).rejects.toThrow(/as it was when the run started .*, received other content/);
});

it('says what is in the place of a file', async () => {
  await expect(readWeightFile(folder)).rejects.toThrow(/^Expected an \.h5 weight file at .*, received a folder/);
});
