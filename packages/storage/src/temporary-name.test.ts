import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holder, killHolders } from './holder.fixture.ts';
import { removeAbandoned, removeUnfinished, temporaryPath } from './temporary-name.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-temporary-'));
});
afterEach(async () => {
  killHolders();
  await rm(folder, { recursive: true, force: true });
});

const ownName = async (name: string) => basename(await temporaryPath(join(folder, name)));
const put = async (names: readonly string[]) => {
  for (const name of names) await writeFile(join(folder, name), 'half');
};
/** No process has this id: Linux has at most 2 ** 22 of them. */
const noProcess = 2 ** 30;

it('keeps what this process and other live processes write, and removes what ended ones have left', async () => {
  const { child } = await holder(join(folder, 'lock'));
  const own = await ownName('weights.bin');
  const tag = own.slice(-16, -8);
  // An earlier version wrote no tag: its process is judged by its id alone.
  const kept = [own, `.x.tmp-${child.pid}-00000000`];
  const left = [
    `.x.tmp-${noProcess}-${tag}00000000`,
    `.x.old-${noProcess}-00000000`,
    // Processes that had the ids before.
    `.x.tmp-${process.pid}-${tag.slice(0, 4)}${tag.endsWith('0000') ? '1111' : '0000'}00000000`,
    `.x.tmp-${child.pid}-${tag}00000000`,
  ];
  await put([...kept, ...left, 'x', '.x', '.x.tmp']);
  await removeAbandoned(folder);
  const names = await readdir(folder);
  expect(names).toEqual(expect.arrayContaining([...kept, 'x', '.x', '.x.tmp']));
  for (const name of left) expect(names).not.toContain(name);
});

it('of another machine, removes only what is older than a day', async () => {
  const own = await ownName('x');
  const other = own.slice(-16, -12) === '0000' ? '1111' : '0000';
  const [recent, old] = ['1', '2'].map((digit) => `.x.tmp-${noProcess}-${other}0000${digit.repeat(8)}`) as [
    string,
    string,
  ];
  await put([recent, old]);
  await utimes(join(folder, old), new Date(), new Date(Date.now() - 25 * 3_600_000));
  await removeAbandoned(folder);
  expect(await readdir(folder)).toEqual([recent]);
});

it('removes only those of one path, on request', async () => {
  const names = ['.a.csv', '.b.csv'].map((name) => `${name}.tmp-${noProcess}-00000000`);
  await put(names);
  await removeAbandoned(folder, join(folder, 'a.csv'));
  expect(await readdir(folder)).toEqual([names[1]]);
});

it('under a lock, removes those of all other processes', async () => {
  const own = await ownName('x');
  await mkdir(join(folder, own));
  await put([`.x.tmp-${process.pid}-00000000`, `.x.tmp-1-00000000`, 'x']);
  await removeUnfinished(folder);
  expect(await readdir(folder)).toEqual([own, 'x']);
});

it('finds nothing in a folder that does not exist', async () => {
  await expect(removeAbandoned(join(folder, 'none'))).resolves.toBeUndefined();
});
