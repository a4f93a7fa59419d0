import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { sha256, sha256File } from './checksum.ts';
import { StorageError } from './errors.ts';
import { readRegularFile, UnreadableFileError } from './regular-file.ts';

const server = createServer();
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-regular-'));
  await writeFile(at('file'), 'content');
  await symlink(at('file'), at('link'));
  await writeFile(at('empty'), '');
  await mkdir(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  await symlink(at('pipe'), at('link-to-pipe'));
  await symlink('/dev/zero', at('device'));
  await symlink(at('loop'), at('loop'));
  await new Promise<void>((listening) => server.listen(at('socket'), listening));
});
afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  await rm(folder, { recursive: true, force: true });
});

describe('readRegularFile', () => {
  it.each(['file', 'link'])('reads a %s', async (name) => {
    expect((await readRegularFile(at(name), { maxBytes: 7 })).toString()).toBe('content');
  });

  it('reads an empty file', async () => expect(await readRegularFile(at('empty'), { maxBytes: 0 })).toHaveLength(0));

  // A plain read of each would block forever or fail without naming the path.
  const refused: [string, string][] = [
    ['folder', 'a folder instead of a regular file'],
    ['pipe', 'a named pipe instead of a regular file'],
    ['link-to-pipe', 'a named pipe instead of a regular file'],
    ['socket', 'a socket instead of a regular file'],
    ['device', 'a device instead of a regular file'],
    ['nothing', 'no such file or folder'],
    ['file/below', 'a part of the path is not a folder'],
    ['loop', 'too many symbolic links encountered'],
  ];
  test.each(refused)('rejects %s', async (name, received) => {
    const error = await readRegularFile(at(name), { maxBytes: 7 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnreadableFileError);
    expect(error).toMatchObject({ name: 'StorageError', message: `Cannot read ${at(name)}: ${received}.`, received });
  });

  test.each(refused)('sha256File rejects %s', async (name, received) => {
    await expect(sha256File(at(name))).rejects.toThrow(StorageError);
    await expect(sha256File(at(name))).rejects.toThrow(received);
  });

  it('rejects a file above maxBytes', async () => {
    await expect(readRegularFile(at('file'), { maxBytes: 6 })).rejects.toThrow(
      'its size is 7 bytes, expected at most 6',
    );
  });
});

it('sha256File reads a file of several chunks', async () => {
  const content = Buffer.alloc(2 ** 20 + 5, 'abc');
  await writeFile(at('pieces'), content);
  expect(await sha256File(at('pieces'))).toBe(sha256(content));
});
