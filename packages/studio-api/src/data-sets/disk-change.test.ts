import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-disk-change-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('30: an upload to a full disk is refused with what fixes it, and leaves nothing', (context) => {
  context.skip(!canMount, 'unshare -rm is missing or forbidden on this machine');
  const compiled = (name: string) => JSON.stringify(new URL(`../../dist/data-sets/${name}`, import.meta.url).href);
  const program = `import { readdirSync } from 'node:fs';
    import { changing } from ${compiled('disk-change.js')};
    import { addFile } from ${compiled('place-file.js')};
    const folder = ${JSON.stringify(folder)};
    const upload = changing(folder, () => addFile(folder, 'cat.jpg', new Uint8Array(100_000)));
    const { status, message } = await upload.catch((error) => error);
    console.log(JSON.stringify({ status, message, names: readdirSync(folder) }));`;
  const script = `mount -t tmpfs -o size=64k none "$0" && exec "$@"`;
  const words = ['-rm', 'sh', '-c', script, folder, process.execPath, '--input-type=module', '--eval', program];
  expect(JSON.parse(execFileSync('unshare', words, { encoding: 'utf8' }))).toEqual({
    status: 422,
    message: `Cannot change ${folder}: no space left on the disk; free some space.`,
    names: [],
  });
});
