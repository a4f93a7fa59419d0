/** Stale locks. The tests run concurrently because each waits the seconds until a lock is stale. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { holder, killHolders, worker } from './holder.fixture.ts';
import { tryLock } from './lock.ts';

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

describe('a stale lock', () => {
  it.concurrent('is taken over', async ({ expect }) => {
    const path = await leftLock('killed');
    const lock = await tryLock(path);
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
  });

  it.concurrent('is held by one waiting process at a time', async ({ expect }) => {
    const path = await leftLock('wanted');
    const log = join(folder, 'log');
    const workers = Array.from({ length: 4 }, () => worker(path, log));
    expect(await Promise.all(workers.map(({ errors }) => errors))).toEqual(['', '', '', '']);
    const lines = (await readFile(log, 'utf8')).trim().split('\n');
    const turns = lines.filter((line, index) => line !== lines[index - 1]);
    expect(lines).toHaveLength(40);
    expect(turns.toSorted()).toEqual(workers.map(({ child }) => String(child.pid)).toSorted());
  });

  it.concurrent('is lost by a suspended owner, which fails when it resumes', async ({ expect }) => {
    const path = join(folder, 'stopped');
    const { child, errors } = await holder(path);
    child.kill('SIGSTOP');
    // The process is alive, so tryLock throws.
    await expect(tryLock(path)).rejects.toThrow(`in use by process ${child.pid}`);
    const waiting = worker(path, join(folder, 'stopped-log'));
    expect(await waiting.errors).toBe('');
    const lock = await tryLock(path);
    child.kill('SIGCONT');
    expect(await errors).toContain(`${path} was taken over by process ${process.pid}`);
    expect(child.exitCode).toBe(1);
    await lock.release();
  });
});
