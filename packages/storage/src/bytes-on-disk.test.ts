import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOnDisk } from './bytes-on-disk.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-bytes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('bytesOnDisk', () => {
  it('counts files in all subfolders, each content once, and follows no links', async () => {
    await mkdir(join(folder, 'a/b'), { recursive: true });
    await writeFile(join(folder, 'one'), 'x'.repeat(1000));
    await writeFile(join(folder, 'a/b/two'), 'x'.repeat(234));
    await link(join(folder, 'one'), join(folder, 'a/same'));
    await symlink(join(folder, 'one'), join(folder, 'a/link'));
    await symlink(folder, join(folder, 'a/loop'));
    expect(await bytesOnDisk(folder)).toBe(1234);
  });

  it('is 0 for a folder that does not exist', async () => {
    expect(await bytesOnDisk(join(folder, 'none'))).toBe(0);
  });

  it('counts the other files while files and folders disappear', async () => {
    await writeFile(join(folder, 'stays'), 'x'.repeat(1000));
    for (let round = 0; round < 20; round += 1) {
      await mkdir(join(folder, 'goes/deeper'), { recursive: true });
      await writeFile(join(folder, 'goes/deeper/file'), 'x');
      const [bytes] = await Promise.all([bytesOnDisk(folder), rm(join(folder, 'goes'), { recursive: true })]);
      expect([1000, 1001]).toContain(bytes);
    }
  });
});
