/** Locks whose owner was killed or suspended, or is on another machine. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { holder, killHolders, worker } from './holder.fixture.ts';
import { thisProcess } from './live-process.ts';
import { lockOwner, tryLock } from './lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'chorus-takeover-'));

afterAll(async () => {
  killHolders();
  await rm(folder, { recursive: true, force: true });
});

async function leftLock(name: string): Promise<string> {
  const path = join(folder, name);
  const { child } = await holder(path);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return path;
}

/** Writes a lock that was touched just now, as an owner leaves it that is killed. */
async function writtenLock(name: string, owner: object): Promise<string> {
  const path = join(folder, name);
  await mkdir(`${path}.lock`);
  await writeFile(`${path}.owner`, JSON.stringify({ ...(await thisProcess()), ...owner }));
  return path;
}

/** Makes a lock stale, as if its owner had not touched it for a minute. */
function age(path: string): Promise<void> {
  const then = Date.now() / 1000 - 60;
  return utimes(`${path}.lock`, then, then);
}

const fail = () => {
  throw new Error('expected no wait');
};

// Node's own recursive mkdir never returns there.
it.runIf(process.platform === 'linux')('fails where no folder can be created', async () => {
  await expect(tryLock('/proc/chorus/run')).rejects.toThrow('ENOENT');
});

describe('the lock of a killed process', () => {
  it('36: is taken over without waiting', async () => {
    const path = await leftLock('killed');
    expect(await lockOwner(path)).toBeUndefined();
    const lock = await tryLock(path, { onWait: fail });
    expect(await lockOwner(path)).toBe(process.pid);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
  });

  it('36: is taken over even if its process id now belongs to another process', async () => {
    const path = await writtenLock('reused', { startedAt: '1' });
    const lock = await tryLock(path, { onWait: fail });
    await lock.assertHeld();
    await lock.release();
  });

  it('36: is held by one waiting process at a time', async () => {
    for (const round of [1, 2, 3]) {
      const path = await leftLock(`wanted-${round}`);
      const log = join(folder, `log-${round}`);
      const workers = Array.from({ length: 4 }, () => worker(path, log));
      expect(await Promise.all(workers.map(({ errors }) => errors))).toEqual(['', '', '', '']);
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      const turns = lines.filter((line, index) => line !== lines[index - 1]);
      expect(lines).toHaveLength(40);
      expect(turns.toSorted()).toEqual(workers.map(({ child }) => String(child.pid)).toSorted());
    }
  });
});

it('36: a lock whose owner cannot be written is not kept', async () => {
  const path = join(folder, 'ownerless');
  // A file cannot replace a folder.
  await mkdir(`${path}.owner`);
  await expect(tryLock(path)).rejects.toThrow(`${path}.owner`);
  await rm(`${path}.owner`, { recursive: true });
  expect((await readdir(folder)).filter((name) => name.startsWith('ownerless'))).toEqual([]);
  await (await tryLock(path, { onWait: fail })).release();
});

it('36: a lock of another machine is reported, and taken over when it is stale', async () => {
  const path = await writtenLock('remote', { processId: 12, machine: 'other' });
  expect(await lockOwner(path)).toBe(12);
  const waitedFor: unknown[] = [];
  const lock = await tryLock(path, {
    onWait(owner) {
      waitedFor.push(owner);
      void age(path);
    },
  });
  expect(waitedFor).toEqual(['12']);
  await lock.release();
});

describe('the lock of a suspended process', () => {
  it('36: is not taken over by a process that does not wait', async () => {
    const path = join(folder, 'suspended');
    const { child } = await holder(path);
    child.kill('SIGSTOP');
    await age(path);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${child.pid}`);
  });

  it('36: is lost to a process that waits, and the suspended one fails when it resumes', async () => {
    const path = join(folder, 'stopped');
    const { child, errors } = await holder(path);
    child.kill('SIGSTOP');
    await age(path);
    const waiting = worker(path, join(folder, 'stopped-log'));
    expect(await waiting.errors).toBe('');
    const lock = await tryLock(path);
    child.kill('SIGCONT');
    expect(await errors).toContain(`${path} was taken over by process ${process.pid}`);
    expect(child.exitCode).toBe(1);
    await lock.assertHeld();
    await lock.release();
  });
});

it('locks leave no files', async () => {
  const names = (await readdir(folder)).filter((name) => !name.includes('log') && !name.startsWith('suspended'));
  expect(names).toEqual([]);
});
