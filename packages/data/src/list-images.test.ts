import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DataError } from './errors.ts';
import { listImages } from './list-images.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-list-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

it('lists images below a folder in order, with paths below the given name, and reports links that are not followed', async () => {
  const root = join(parent, 'photos');
  await mkdir(join(root, 'b/c'), { recursive: true });
  for (const name of ['z.png', 'b/a.JPG', 'b/c/one.webp', '.hidden.png']) await writeFile(join(root, name), 'x');
  await writeFile(join(parent, 'outside.png'), 'x');
  await symlink(join(parent, 'outside.png'), join(root, 'link.png'));
  await symlink(root, join(parent, 'named'));
  const named = join(parent, 'named');
  const { files, skipped } = await listImages(named);
  expect(files.map(({ path }) => path)).toEqual(['b/a.JPG', 'b/c/one.webp', 'z.png'].map((name) => join(named, name)));
  expect(skipped).toMatchObject([{ path: join(named, 'link.png'), reason: 'link out of the data set' }]);
  await expect(listImages(join(parent, 'nowhere'))).rejects.toThrow(DataError);
});
