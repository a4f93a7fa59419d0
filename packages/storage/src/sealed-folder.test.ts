import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { sha256 } from './checksum.ts';
import { StorageError } from './errors.ts';
import { openSealedFolder, sealFolder } from './sealed-folder.ts';

let parent: string;
let folder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-sealed-'));
  folder = join(parent, 'bundle');
  await writeFile(join(parent, 'secret'), 'secret');
  await sealFolder(folder, {
    'bundle.json': '{}',
    'members/a.bin': Uint8Array.of(1, 2, 3, 4),
    'members/b.bin': Uint8Array.of(5, 6, 7, 8),
  });
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe('a sealed folder', () => {
  it('returns the content that was sealed', async () => {
    const files = await openSealedFolder(folder);
    expect([...files.keys()]).toEqual(['bundle.json', 'members/a.bin', 'members/b.bin']);
    expect([...files.get('members/a.bin')!]).toEqual([1, 2, 3, 4]);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      '17: a file one byte shorter',
      () => writeFile(at('members/a.bin'), Uint8Array.of(1, 2, 3)),
      /a\.bin is damaged: expected sha256 [0-9a-f]{64}, received/,
    ],
    [
      '17: a file one byte longer',
      () => writeFile(at('members/a.bin'), Uint8Array.of(1, 2, 3, 4, 0)),
      /a\.bin is damaged/,
    ],
    ['17: a flipped bit', () => writeFile(at('members/a.bin'), Uint8Array.of(1, 2, 3, 5)), /a\.bin is damaged/],
    ['18: two swapped files of the same size', swap, /a\.bin is damaged/],
    ['17: a missing file', () => unlink(at('members/b.bin')), /b\.bin: expected a regular file/],
    ['17: an extra file', () => writeFile(at('members/c.bin'), ''), /does not list members\/c\.bin/],
    ['17: no SHA256SUMS', () => unlink(at('SHA256SUMS')), /Expected a folder with SHA256SUMS/],
    [
      '17: an invalid SHA256SUMS',
      () => writeFile(at('SHA256SUMS'), 'hello\n'),
      /expected "<sha256> {2}<name>", received "hello"/,
    ],
    ['16: a link out of the folder', link, /a\.bin: expected a regular file/],
    [
      '16: a path outside the folder',
      () => list('../secret'),
      /expected a path inside the folder, received "\.\.\/secret"/,
    ],
    ['16: an absolute path', () => list(join(parent, 'secret')), /expected a path inside the folder/],
    ['16: a path with a backslash', () => list('..\\secret'), /expected a path inside the folder/],
  ])('%s is rejected', async (_, damage, message) => {
    await damage();
    await expect(openSealedFolder(folder)).rejects.toThrow(message);
  });

  const systemFiles = [
    '.DS_Store',
    'Thumbs.db',
    'thumbs.db',
    'desktop.ini',
    'Desktop.ini',
    '._bundle.json',
    '._members',
  ];
  test.each(systemFiles.flatMap((name) => [name, `members/${name}`]))('ignores %s', async (name) => {
    await writeFile(at(name), 'created by the operating system');
    expect((await openSealedFolder(folder)).size).toBe(3);
  });

  test.each([
    '.ds_store',
    '._',
    'Thumbs.db.bin',
    'a.DS_Store',
    '.hidden',
    'ehthumbs.db',
    '.directory',
    '.Spotlight-V100',
  ])('does not ignore %s', async (name) => {
    await writeFile(at(name), '');
    await expect(openSealedFolder(folder)).rejects.toThrow(`does not list ${name}`);
  });

  test.each(['.DS_Store', 'Thumbs.db', 'desktop.ini', '._a'])('ignores %s only as a file', async (name) => {
    await mkdir(at(name));
    await writeFile(at(`${name}/x`), '');
    await expect(openSealedFolder(folder)).rejects.toThrow(`does not list ${name}/x`);
    await rm(at(name), { recursive: true });
    await symlink(at('bundle.json'), at(name));
    await expect(openSealedFolder(folder)).rejects.toThrow(`does not list ${name}`);
    await unlink(at(name));
    execFileSync('mkfifo', [at(name)]);
    await expect(openSealedFolder(folder)).rejects.toThrow(`does not list ${name}`);
  });

  test.each(['.DS_Store', '._a'])('verifies a %s that SHA256SUMS lists', async (name) => {
    await sealFolder(folder, { 'bundle.json': '{}', [name]: 'listed' }, { replace: true });
    expect((await openSealedFolder(folder)).get(name)).toEqual(Buffer.from('listed'));
    await writeFile(at(name), 'another');
    await expect(openSealedFolder(folder)).rejects.toThrow(`${name} is damaged`);
    await unlink(at(name));
    await expect(openSealedFolder(folder)).rejects.toThrow(`${name}: expected a regular file`);
  });

  test.each(['SHA256SUMS', 'bundle.json', 'members/a.bin'])('is rejected with a named pipe for %s', async (name) => {
    await unlink(at(name));
    execFileSync('mkfifo', [at(name)]);
    await expect(openSealedFolder(folder)).rejects.toThrow(StorageError);
  });

  it.each(['/dev/zero', '/dev/full'])('is rejected with the device %s as SHA256SUMS', async (device) => {
    await unlink(at('SHA256SUMS'));
    await symlink(device, at('SHA256SUMS'));
    await expect(openSealedFolder(folder)).rejects.toThrow(': a device instead of a regular file');
  });

  it('can be written one file at a time', async () => {
    const order: string[] = [];
    const content = (name: string) => () => {
      order.push(name);
      return Buffer.from(name);
    };
    await sealFolder(folder, { a: content('a'), b: content('b') }, { replace: true });
    expect(order).toEqual(['a', 'b']);
    expect((await openSealedFolder(folder)).get('b')).toEqual(Buffer.from('b'));
  });

  it('is not written with names outside the folder', async () => {
    await expect(sealFolder(join(parent, 'x'), { '../y': '' })).rejects.toThrow('expected a path inside the folder');
  });
});

async function swap() {
  await rename(at('members/a.bin'), at('members/x'));
  await rename(at('members/b.bin'), at('members/a.bin'));
  await rename(at('members/x'), at('members/b.bin'));
}

async function link() {
  await unlink(at('members/a.bin'));
  await writeFile(join(parent, 'a.bin'), Uint8Array.of(1, 2, 3, 4));
  await symlink(join(parent, 'a.bin'), at('members/a.bin'));
}

async function list(name: string) {
  const sums = await readFile(at('SHA256SUMS'), 'utf8');
  await writeFile(at('SHA256SUMS'), `${sums}${sha256('secret')}  ${name}\n`);
}

describe('a file that exists elsewhere', () => {
  const content = Uint8Array.of(1, 2, 3, 4);
  const seal = (path: string) => sealFolder(join(parent, 'other'), { 'a.bin': { path, content }, 'b.bin': 'b' });
  const linkCount = async (path: string) => (await stat(path)).nlink;

  it('is hard-linked, and either file survives deletion of the other', async () => {
    await seal(at('members/a.bin'));
    const linked = join(parent, 'other/a.bin');
    expect(await linkCount(linked)).toBe(2);
    expect([...(await openSealedFolder(join(parent, 'other'))).get('a.bin')!]).toEqual([...content]);
    await rm(folder, { recursive: true });
    expect(await linkCount(linked)).toBe(1);
    expect([...(await openSealedFolder(join(parent, 'other'))).get('a.bin')!]).toEqual([...content]);
  });

  it('remains complete when the sealed folder is deleted', async () => {
    await seal(at('members/a.bin'));
    await rm(join(parent, 'other'), { recursive: true });
    expect([...(await openSealedFolder(folder)).get('members/a.bin')!]).toEqual([...content]);
  });

  it.each([
    ['differs', () => at('members/b.bin')],
    ['does not exist', () => at('members/none.bin')],
    ['is on another file system', () => '/proc/self/cmdline'],
  ])('is copied if the existing file %s', async (_, path) => {
    await seal(path());
    expect(await linkCount(join(parent, 'other/a.bin'))).toBe(1);
    expect([...(await openSealedFolder(join(parent, 'other'))).get('a.bin')!]).toEqual([...content]);
    expect([...(await openSealedFolder(folder)).get('members/b.bin')!]).toEqual([5, 6, 7, 8]);
  });
});

it('is read as it was or as it becomes while another process replaces it', async () => {
  const compiled = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    const { sealFolder } = await import(${JSON.stringify(compiled)});
    let isEnded = false;
    process.on('message', () => { isEnded = true; });
    for (let version = 1; !isEnded; version += 1) {
      // Each version has other files, and one whose content changes.
      const files = { a: String(version), ['only-' + version]: 'x', 'folder/b': String(version) };
      await sealFolder(${JSON.stringify(folder)}, files, { replace: true });
      if (version === 1) process.send('started');
      await new Promise((turn) => setImmediate(turn));
    }
    process.disconnect();`;
  const replacing = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(replacing, 'exit');
  await once(replacing, 'message');
  const versions = new Set<string>();
  for (let count = 0; count < 300; count += 1) {
    const files = await openSealedFolder(folder);
    const version = Buffer.from(files.get('a')!).toString();
    versions.add(version);
    expect(Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))).toEqual({
      ...{ a: version, [`only-${version}`]: 'x', 'folder/b': version },
    });
  }
  replacing.send('end');
  expect((await ended)[0]).toBe(0);
  expect(versions.size).toBeGreaterThan(1);
});

it('is missing without delay when nobody replaces it', async () => {
  await rm(folder, { recursive: true });
  await expect(openSealedFolder(folder)).rejects.toThrow('Expected a folder with SHA256SUMS');
});
