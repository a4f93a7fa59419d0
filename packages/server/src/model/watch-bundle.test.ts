import { chmod, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundleState, watchBundle } from './watch-bundle.ts';

/** Waits as long as a busy machine needs. */
const eventually = (check: () => unknown) => vi.waitFor(check, 60_000);

let folder: string;
let end = () => {};
let failures: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-watch-test-'));
  await writeFile(join(folder, 'file'), 'one');
  failures = [];
});
afterEach(async () => {
  end();
  await rm(folder, { recursive: true, force: true });
});

/** @param reload receives the number of earlier calls. */
async function watch(reload: (count: number) => void, state?: string): Promise<{ reloadCount: number }> {
  const counts = { reloadCount: 0 };
  end = watchBundle(folder, {
    used: state ?? (await bundleState(folder)),
    intervalMs: 5,
    async reload() {
      counts.reloadCount += 1;
      reload(counts.reloadCount - 1);
    },
    onFailure: (error) => void failures.push((error as Error).message),
  });
  return counts;
}

describe('watchBundle', () => {
  it('tries a bundle again after a failure whose cause leaves no trace in the files, and reports it once', async () => {
    const counts = await watch((count) => {
      if (count < 3) throw new Error('too many open files');
    });
    await writeFile(join(folder, 'file'), 'changed');
    await eventually(() => expect(counts.reloadCount).toBe(4));
    expect(failures).toEqual(['too many open files']);
  });

  it('reports another reason', async () => {
    await watch((count) => {
      throw new Error(count < 2 ? 'one' : 'two');
    });
    await writeFile(join(folder, 'file'), 'changed');
    await eventually(() => expect(failures).toEqual(['one', 'two']));
  });

  it('sees permissions, and a change from before it started', async () => {
    const before = await bundleState(folder);
    await chmod(join(folder, 'file'), 0o600);
    expect(await bundleState(folder)).not.toBe(before);
    const counts = await watch(() => {}, before);
    await eventually(() => expect(counts.reloadCount).toBe(1));
    expect(failures).toEqual([]);
  });

  it('reports files that cannot be read, and then loads them', async () => {
    const counts = await watch(() => {});
    await symlink('loop', join(folder, 'loop'));
    await eventually(() =>
      expect(failures).toEqual([expect.stringMatching(/^Cannot read the bundle at .*: too many symbolic links/)]),
    );
    expect(counts.reloadCount).toBe(0);
    await rm(join(folder, 'loop'));
    await writeFile(join(folder, 'file'), 'changed');
    await eventually(() => expect(counts.reloadCount).toBe(1));
  });

  it('reports a folder that stays missing, once', async () => {
    const counts = await watch(() => {});
    await rename(folder, `${folder}.old`);
    await eventually(() => expect(failures).toEqual([expect.stringMatching(/^Expected a bundle at .* missing/)]));
    await rename(`${folder}.old`, folder);
    await writeFile(join(folder, 'file'), 'changed');
    await eventually(() => expect(counts.reloadCount).toBe(1));
    expect(failures).toHaveLength(1);
  });
});
