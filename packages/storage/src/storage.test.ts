import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheFolder } from './cache-folder.ts';
import { readVerified, sha256, sha256File } from './checksum.ts';
import { StorageError } from './errors.ts';
import { tryLock, withLock } from './lock.ts';
import { publishFile, publishFolder } from './publish.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-storage-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

/** A process that takes the lock of `path`, says so, and holds it until it is killed or its input ends. */
async function holder(path: string): Promise<ChildProcess> {
  const script = `import { tryLock } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const lock = await tryLock(${JSON.stringify(path)});
    console.log('held');
    process.stdin.on('end', async () => { await lock.release(); process.exit(0); }).resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(createInterface(child.stdout!), 'line');
  expect(line).toBe('held');
  return child;
}

describe('cacheFolder', () => {
  it('follows CHORUS_CACHE, then XDG_CACHE_HOME', () => {
    vi.stubEnv('CHORUS_CACHE', folder);
    expect(cacheFolder('a', 'b')).toBe(join(folder, 'a', 'b'));
    vi.stubEnv('CHORUS_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    if (process.platform === 'linux') expect(cacheFolder('a')).toBe(join(folder, 'chorus', 'a'));
  });
});

describe('locks', () => {
  it('names the living process that holds one', async () => {
    const path = join(folder, 'run');
    const child = await holder(path);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${child.pid}`);
  });

  it('takes over from a process that was killed', async () => {
    const path = join(folder, 'run');
    const child = await holder(path);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await tryLock(path);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
  });

  it('waits for another process, says so once, and then works alone', async () => {
    const path = join(folder, 'shared');
    const child = await holder(path);
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

  it('is free again after work that threw', async () => {
    const path = join(folder, 'shared');
    await expect(withLock(path, async () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    await expect(withLock(path, async () => 'worked')).resolves.toBe('worked');
  });

  it('says after the longest wait who is in the way', async () => {
    const path = join(folder, 'shared');
    const child = await holder(path);
    await expect(withLock(path, async () => {}, { waitMs: 0 })).rejects.toThrow(`process ${child.pid}`);
  });
});

describe('publishFolder', () => {
  it('shows the folder whole or not at all', async () => {
    const target = join(folder, 'deep', 'member');
    await publishFolder(target, async (temporary) => {
      await mkdir(join(temporary, 'inner'));
      await writeFile(join(temporary, 'inner', 'a'), 'one');
      expect(await readdir(join(folder, 'deep'))).not.toContain('member');
    });
    expect(await readFile(join(target, 'inner', 'a'), 'utf8')).toBe('one');
    expect(await readdir(join(folder, 'deep'))).toEqual(['member']);
  });

  it('leaves nothing behind when filling fails', async () => {
    const fill = async (temporary: string) => {
      await writeFile(join(temporary, 'a'), 'half');
      throw new Error('disk full');
    };
    await expect(publishFolder(join(folder, 'x'), fill)).rejects.toThrow('disk full');
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not replace unless told to', async () => {
    const target = join(folder, 'x');
    const put = (content: string, replace: boolean) =>
      publishFolder(target, (temporary) => writeFile(join(temporary, 'a'), content), { replace });
    await put('one', false);
    await expect(put('two', false)).rejects.toThrow(StorageError);
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('one');
    await put('three', true);
    expect(await readFile(join(target, 'a'), 'utf8')).toBe('three');
    expect(await readdir(folder)).toEqual(['x']);
  });
});

describe('readVerified', () => {
  it('returns exactly the expected bytes and refuses all others', async () => {
    const path = join(folder, 'weights');
    await publishFile(path, 'abc');
    const expected = { sha256: sha256('abc'), bytes: 3 };
    expect(await sha256File(path)).toBe(expected.sha256);
    expect(new TextDecoder().decode(await readVerified(path, expected))).toBe('abc');
    for (const damaged of ['abcd', 'ab', 'abd']) {
      await publishFile(path, damaged);
      await expect(readVerified(path, expected)).rejects.toThrow(`${path} is damaged`);
    }
    await expect(readVerified(join(folder, 'none'), expected)).rejects.toThrow('ENOENT');
  });
});
