import { type link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addFile, moveFile } from './place-file.ts';

// Such as exFAT on a memory card.
const withoutLinks = vi.hoisted(() => ({ isOn: false }));
vi.mock('node:fs/promises', async (importActual) => {
  const actual = await importActual<{ link: typeof link }>();
  const error = Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM', syscall: 'link' });
  return {
    ...actual,
    link: (...paths: [string, string]) => (withoutLinks.isOn ? Promise.reject(error) : actual.link(...paths)),
  };
});

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-place-file-'));
  await writeFile(at('a.png'), 'a');
});
afterEach(() => rm(folder, { recursive: true }));

describe.each([
  ['with hard links', false],
  ['without hard links', true],
])('on a file system %s', (_, isOn) => {
  beforeEach(() => {
    withoutLinks.isOn = isOn;
  });

  it('moves a file', async () => {
    await moveFile(at('a.png'), at('b.png'));
    expect(await readdir(folder)).toEqual(['b.png']);
    expect(await readFile(at('b.png'), 'utf8')).toBe('a');
  });

  it('never replaces a file', async () => {
    await writeFile(at('b.png'), 'b');
    await expect(moveFile(at('a.png'), at('b.png'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(at('a.png'), 'utf8')).toBe('a');
    expect(await readFile(at('b.png'), 'utf8')).toBe('b');
  });

  it('leaves nothing behind when it fails', async () => {
    await expect(moveFile(at('none.png'), at('b.png'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(moveFile(at('a.png'), at('none/b.png'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(addFile(at('none'), 'a.png', Buffer.from('b'))).rejects.toMatchObject({ code: 'ENOENT' });
    await mkdir(at('folder'));
    await expect(addFile(at('folder'), `${'x'.repeat(300)}.png`, Buffer.from('b'))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    });
    expect(await readdir(at('folder'))).toEqual([]);
    expect(await readdir(folder)).toEqual(['a.png', 'folder']);
  });

  it('adds files under free names', async () => {
    expect(await addFile(folder, 'a.png', Buffer.from('b'))).toBe(at('a-2.png'));
    expect(await addFile(folder, 'a.png', Buffer.from('c'))).toBe(at('a-3.png'));
    expect(await readdir(folder)).toEqual(['a-2.png', 'a-3.png', 'a.png']);
    expect(await readFile(at('a.png'), 'utf8')).toBe('a');
    expect(await readFile(at('a-3.png'), 'utf8')).toBe('c');
  });
});
