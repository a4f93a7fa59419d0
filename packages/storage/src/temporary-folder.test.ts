import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from './temporary-folder.ts';

it('exists during use and is removed with its content', async () => {
  const folder = await withTemporaryFolder('chorus-some', async (folder) => {
    await writeFile(join(folder, 'file'), '');
    return folder;
  });
  expect(basename(folder)).toMatch(/^chorus-some-/);
  expect(existsSync(folder)).toBe(false);
});

it('is removed when use fails', async () => {
  let place = '';
  const failing = withTemporaryFolder('chorus-some', async (folder) => {
    place = folder;
    throw new Error('of the use');
  });
  await expect(failing).rejects.toThrow('of the use');
  expect(existsSync(place)).toBe(false);
});
