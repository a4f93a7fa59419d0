import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFolder } from './cache-folder.ts';
import { readVerified, sha256, sha256File } from './checksum.ts';
import { StorageError } from './errors.ts';
import { holder, killHolders } from './holder.fixture.ts';
import { thisProcess } from './live-process.ts';
import { tryLock, withLock } from './lock.ts';
import { publishFile, publishFolder } from './publish.ts';
import { removeUnfinished } from './temporary-name.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-storage-'));
});
afterEach(async () => {
  killHolders();
  await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

describe('cacheFolder', () => {
  it('uses CHORUS_CACHE, then XDG_CACHE_HOME', () => {
    vi.stubEnv('CHORUS_CACHE', folder);
    expect(cacheFolder('a', 'b')).toBe(join(folder, 'a', 'b'));
    vi.stubEnv('CHORUS_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    if (process.platform === 'linux') expect(cacheFolder('a')).toBe(join(folder, 'chorus', 'a'));
  });
});

describe('locks', () => {
  it('36: report the live process that holds the lock', async () => {
    const path = join(folder, 'run');
    const { child } = await holder(path);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${child.pid}`);
  });

  it('waits for another process, calls onWait once, and then runs exclusively', async () => {
    const path = join(folder, 'shared');
    const { child } = await holder(path);
    const waitedFor: (string | undefined)[] = [];
    let worked = false;
    const work = async () => {
      worked = true;
    };
    await withLock(path, work, {
      onWait: (owner) => {
        waitedFor.push(owner);
        expect(worked).toBe(false);
        child.stdin!.end();
      },
    });
    expect(worked).toBe(true);
    expect(waitedFor).toEqual([String(child.pid)]);
  });

  it('are released when work throws', async () => {
    const path = join(folder, 'shared');
    await expect(withLock(path, async () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    await expect(withLock(path, async () => 'worked')).resolves.toBe('worked');
  });

  it('report a takeover by another process to the holder', async () => {
    const path = join(folder, 'shared');
    const work = withLock(path, async (lock) => {
      await lock.assertHeld();
      await writeFile(`${path}.owner`, JSON.stringify({ ...(await thisProcess()), processId: 1 }));
      await lock.assertHeld();
    });
    await expect(work).rejects.toThrow(`${path} was taken over by process 1 while this one was suspended.`);
    // The lock of the other process is left alone.
    expect((await readdir(folder)).toSorted()).toEqual(['shared.lock', 'shared.owner']);
  });

  it('stop waiting when the signal aborts, with its reason', async () => {
    const path = join(folder, 'shared');
    await holder(path);
    const controller = new AbortController();
    const onWait = () => controller.abort(new Error('enough'));
    await expect(withLock(path, async () => {}, { onWait, signal: controller.signal })).rejects.toThrow(/^enough$/);
  });

  it('report the owner after waitMs', async () => {
    const path = join(folder, 'shared');
    const { child } = await holder(path);
    await expect(withLock(path, async () => {}, { waitMs: 0 })).rejects.toThrow(`process ${child.pid}`);
  });
});

describe('publishFolder', () => {
  it('publishes the folder atomically', async () => {
    const target = join(folder, 'deep', 'member');
    await publishFolder(target, async (temporary) => {
      await mkdir(join(temporary, 'inner'));
      await writeFile(join(temporary, 'inner', 'a'), 'one');
      expect(await readdir(join(folder, 'deep'))).not.toContain('member');
    });
    expect(await readFile(join(target, 'inner', 'a'), 'utf8')).toBe('one');
    expect(await readdir(join(folder, 'deep'))).toEqual(['member']);
  });

  it('leaves nothing when fill fails', async () => {
    const fill = async (temporary: string) => {
      await writeFile(join(temporary, 'a'), 'half');
      throw new Error('disk full');
    };
    await expect(publishFolder(join(folder, 'x'), fill)).rejects.toThrow('disk full');
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps the existing folder when fill fails', async () => {
    const target = join(folder, 'x');
    await publishFolder(target, (temporary) => writeFile(join(temporary, 'a'), 'one'));
    const fill = () => Promise.reject(new Error('disk full'));
    await expect(publishFolder(target, fill, { replace: true })).rejects.toThrow('disk full');
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('one');
    expect(await readdir(folder)).toEqual(['x']);
  });

  it('replaces a folder only with replace, and never a file', async () => {
    const target = join(folder, 'x');
    const put = (content: string, replace: boolean) =>
      publishFolder(target, (temporary) => writeFile(join(temporary, 'a'), content), { replace });
    await put('one', false);
    await expect(put('two', false)).rejects.toThrow(StorageError);
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('one');
    await put('three', true);
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('three');
    await writeFile(join(target, 'file'), '');
    await expect(publishFolder(join(target, 'file'), async () => {})).rejects.toThrow('file already exists');
    await rm(join(target, 'file'));
    expect(await readdir(folder)).toEqual(['x']);
  });
});

describe('removeUnfinished', () => {
  it('removes only what a killed process left', async () => {
    await removeUnfinished(join(folder, 'none'));
    for (const name of ['.x.tmp-12-0123abcd', '.x.old-7-00000000']) {
      await mkdir(join(folder, name, 'inner'), { recursive: true });
      await writeFile(join(folder, name, 'inner', 'a'), 'half');
    }
    const others = ['.x', '.x.tmp-12', 'x.tmp-12-0123abcd', 'x'];
    for (const name of others) await mkdir(join(folder, name));
    await removeUnfinished(folder);
    expect((await readdir(folder)).toSorted()).toEqual(others.toSorted());
  });
});

describe('publishFile', () => {
  it('replaces an existing file with text or bytes, and leaves no other file', async () => {
    const path = join(folder, 'deep', 'report.json');
    await publishFile(path, 'öne');
    expect(await readFile(path, 'utf8')).toBe('öne');
    await publishFile(path, Uint8Array.of(1, 2, 255));
    expect([...(await readFile(path))]).toEqual([1, 2, 255]);
    expect(await readdir(join(folder, 'deep'))).toEqual(['report.json']);
  });
});

describe('sha256', () => {
  // NIST FIPS 180-2, appendix B.1.
  it('hashes a string as its UTF-8 bytes', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc')).toBe(abc);
    expect(sha256(Uint8Array.of(97, 98, 99))).toBe(abc);
  });
});

describe('readVerified', () => {
  it('returns the expected bytes and rejects any others', async () => {
    const path = join(folder, 'weights');
    await publishFile(path, 'abc');
    const expected = { sha256: sha256('abc'), bytes: 3 };
    expect(await sha256File(path)).toBe(expected.sha256);
    expect(new TextDecoder().decode(await readVerified(path, expected))).toBe('abc');
    for (const damaged of ['abcd', 'ab', 'abd']) {
      await publishFile(path, damaged);
      await expect(readVerified(path, expected)).rejects.toThrow(`${path} is damaged`);
    }
    await expect(readVerified(join(folder, 'none'), expected)).rejects.toThrow('no such file or folder');
  });
});
