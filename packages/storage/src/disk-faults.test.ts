/** Publishing on disks that fail: the earlier content stays, nothing else is left, and one line says what to do. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

const storageUrl = new URL('../dist/index.js', import.meta.url).href;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-disk-faults-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Programs that publish new content, 100 kB, at a path that has old content. */
const publishing = {
  publishFile: `await storage.publishFile(join(folder, 'file'), content);`,
  openWholeFile: `const whole = await storage.openWholeFile(join(folder, 'file'));
    await whole.write(content).then(() => whole.publish()).finally(() => whole.discard());`,
  sealFolder: `await storage.sealFolder(join(folder, 'sealed'), { file: content }, { replace: true });`,
};

/** A program that prints the error of what it publishes, its class, and what is in the folder afterwards. */
function program(place: string, work: string): string {
  return `import { readdirSync } from 'node:fs';
    import { join } from 'node:path';
    import * as storage from ${JSON.stringify(storageUrl)};
    const folder = ${JSON.stringify(place)};
    const content = 'x'.repeat(100_000);
    const error = await (async () => { ${work} })().catch((error) => error);
    console.log(JSON.stringify({
      isUnwritable: error instanceof storage.UnwritableError,
      message: error?.message,
      names: readdirSync(folder),
    }));`;
}

/** @param words a command that takes the program as its last three parameters: node, the options and the text. */
function run(words: readonly string[], text: string): { isUnwritable: boolean; message: string; names: string[] } {
  const [command, ...rest] = [...words, process.execPath, '--input-type=module', '--eval', text];
  return JSON.parse(execFileSync(command!, rest, { encoding: 'utf8' }));
}

/** A folder with old content. */
async function place(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, 'sealed'), { recursive: true });
  await writeFile(join(path, 'file'), 'old');
  await writeFile(join(path, 'sealed/file'), 'old');
  return path;
}

async function expectOld(path: string): Promise<void> {
  expect(await readdir(path)).toEqual(['file', 'sealed']);
  expect(await readFile(join(path, 'file'), 'utf8')).toBe('old');
  expect(await readFile(join(path, 'sealed/file'), 'utf8')).toBe('old');
}

const works = (words: string[]) => spawnSync(words[0]!, words.slice(1)).status === 0;
const canTrace = works(['strace', '-o', '/dev/null', 'true']);
const canMount = works(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
const skipped = 'forbidden or missing on this machine';

describe.each(Object.entries(publishing))('%s', (name, work) => {
  const target = name === 'sealFolder' ? 'sealed' : 'file';

  it('29: an fsync that fails publishes nothing, and names the path', async (context) => {
    context.skip(!canTrace, `strace: ${skipped}`);
    const path = await place(`fsync-${name}`);
    const words = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO'];
    expect(run(words, program(path, work))).toEqual({
      isUnwritable: true,
      message: `Cannot write ${join(path, target)}: input/output error; check the disk and the log of the operating system.`,
      names: ['file', 'sealed'],
    });
    await expectOld(path);
  });

  it('29: a rename that fails publishes nothing, and names the path', async (context) => {
    context.skip(!canTrace, `strace: ${skipped}`);
    const path = await place(`rename-${name}`);
    const inject = 'rename,renameat,renameat2';
    const words = ['strace', '-f', '-o', '/dev/null', '-e', `trace=${inject}`, '-e', `inject=${inject}:error=EIO`];
    expect(run(words, program(path, work)).message).toContain(`Cannot write ${join(path, target)}: input/output error`);
    await expectOld(path);
  });

  it('30: a full disk keeps the earlier content, and names the path', async (context) => {
    context.skip(!canMount, `unshare -rm: ${skipped}`);
    const path = join(folder, `full-${name}`);
    await mkdir(path);
    // The mount is only in the namespace of the program, which therefore makes and reads the old content itself.
    const script = `mount -t tmpfs -o size=64k none ${path} && mkdir ${path}/sealed && echo old > ${path}/file &&
      echo old > ${path}/sealed/file && "$@" && cat ${path}/file ${path}/sealed/file`;
    const words = ['-rm', 'sh', '-c', script, 'sh', process.execPath, '--input-type=module', '--eval'];
    const [line, ...old] = execFileSync('unshare', [...words, program(path, work)], { encoding: 'utf8' }).split('\n');
    expect(JSON.parse(line!)).toEqual({
      isUnwritable: true,
      message: `Cannot write ${join(path, target)}: no space left on the disk; free some space.`,
      names: ['file', 'sealed'],
    });
    expect(old).toEqual(['old', 'old', '']);
  });

  // Node.js ignores SIGXFSZ, whatever its parent does, so that the write fails instead of the process.
  it('31: a limit on the size of files is reported as a full disk is', async () => {
    const path = await place(`limit-${name}`);
    // Units of 1,024 bytes.
    expect(run(['bash', '-c', 'ulimit -f 8; exec "$@"', 'bash'], program(path, work))).toEqual({
      isUnwritable: true,
      message: `Cannot write ${join(path, target)}: file too large; raise the limit on the size of files (ulimit -f).`,
      names: ['file', 'sealed'],
    });
    await expectOld(path);
  });

  it('32: a read-only folder is named', async (context) => {
    context.skip(!canMount, `unshare -rm: ${skipped}`);
    const path = await place(`read-only-${name}`);
    const script = `mount --bind ${path} ${path} && mount -o remount,bind,ro ${path} && exec "$@"`;
    expect(run(['unshare', '-rm', 'sh', '-c', script, 'sh'], program(path, work))).toEqual({
      isUnwritable: true,
      message: `Cannot write ${join(path, target)}: read-only file system.`,
      names: ['file', 'sealed'],
    });
    await expectOld(path);
  });
});

describe('too many open files', () => {
  const occupied = (path: string, work: string) => `import { closeSync, openSync } from 'node:fs';
    import * as storage from ${JSON.stringify(storageUrl)};
    const path = ${JSON.stringify(path)};
    // Loads what the work loads, which opens files too.
    await storage.readRegularFile(path, { maxBytes: 10 });
    await storage.publishFile(path, 'old');
    const held = [];
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
    ${work}`;
  const limited = (text: string) =>
    execFileSync(
      'bash',
      ['-c', 'ulimit -n 100; exec "$@"', 'bash', process.execPath, '--input-type=module', '--eval', text],
      { encoding: 'utf8' },
    );

  test.each([
    ['reading', `String(await storage.readRegularFile(path, { maxBytes: 10 }))`],
    ['publishing', `await storage.publishFile(path, 'new')`],
  ])('33: %s waits until some are closed', async (name, work) => {
    const path = join(folder, `open-${name}`);
    await writeFile(path, 'old');
    limited(
      occupied(
        path,
        `setTimeout(() => { for (const file of held.splice(0)) closeSync(file); }, 200);
         console.log(${work});`,
      ),
    );
    expect(await readFile(path, 'utf8')).toBe(name === 'publishing' ? 'new' : 'old');
  });

  test.each([
    ['reading', 'Cannot open', `storage.readRegularFile(path, { maxBytes: 10 })`],
    ['publishing', 'Cannot write', `storage.publishFile(path, 'new')`],
  ])('33: %s ends with the limit to raise when none are closed', async (name, what, work) => {
    const path = join(folder, `limit-${name}`);
    await writeFile(path, 'old');
    const line = limited(
      occupied(path, `console.log(await ${work}.catch(({ name, message }) => name + ': ' + message));`),
    );
    expect(line).toBe(
      `StorageError: ${what} ${path}: too many open files; raise the limit on open files (ulimit -n).\n`,
    );
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});
