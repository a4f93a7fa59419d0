import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from './errors.ts';
import { mapFile } from './map-file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-map-'));
  path = join(folder, 'numbers');
  await writeFile(path, new Uint8Array(16).fill(7));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs code in another process, which has mapped the file as `numbers`, with `mapFile` in scope. */
function inOtherProcess(code: string): string {
  const runtime = fileURLToPath(new URL('../dist/index.js', import.meta.url));
  const script = `import { mapFile } from ${JSON.stringify(runtime)};
    const path = ${JSON.stringify(path)};
    ${code}`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
}

describe('mapFile', () => {
  it('shares memory with another process, in both directions', () => {
    const numbers = new Int32Array(mapFile(path, 16, { isWritable: true }));
    Atomics.store(numbers, 0, 41);
    const printed = inOtherProcess(`
      const numbers = new Int32Array(mapFile(path, 16, { isWritable: true }));
      Atomics.add(numbers, 0, 1);
      console.log(Atomics.load(numbers, 0));`);
    expect(printed).toBe('42\n');
    expect(Atomics.load(numbers, 0)).toBe(42);
  });

  it('writes to the file', async () => {
    new Uint8Array(mapFile(path, 16, { isWritable: true }))[15] = 255;
    expect([...(await readFile(path))]).toEqual([...new Array(15).fill(7), 255]);
  });

  it('has no memory for no bytes', () => {
    expect(mapFile(path, 0, { isWritable: false }).byteLength).toBe(0);
  });

  it('keeps the memory when the file is removed', async () => {
    const bytes = new Uint8Array(mapFile(path, 16, { isWritable: false }));
    await rm(path);
    expect(bytes[15]).toBe(7);
  });

  it.runIf(process.platform === 'linux')('unmaps memory that is collected (Linux lists what is mapped)', () => {
    const mapped = inOtherProcess(`
      import { readFileSync } from 'node:fs';
      import { setFlagsFromString } from 'node:v8';
      import { runInNewContext } from 'node:vm';
      setFlagsFromString('--expose-gc');
      const count = () => readFileSync('/proc/self/maps', 'utf8').split(path).length - 1;
      let buffers = Array.from({ length: 50 }, () => mapFile(path, 16, { isWritable: false }));
      const before = count();
      buffers = undefined;
      for (let call = 0; call < 5 && count() > 0; call += 1) {
        runInNewContext('gc')();
        await new Promise(setImmediate);
      }
      console.log(before, count());`);
    expect(mapped).toBe('50 0\n');
  });

  it('refuses a file that is missing or too short, since reading beyond its end would end the process', () => {
    expect(() => mapFile(join(folder, 'none'), 16, { isWritable: false })).toThrow(
      new RuntimeError(
        `Expected 16 bytes to share in ${join(folder, 'none')}: cannot map the file: No such file or directory.`,
      ),
    );
    expect(() => mapFile(path, 17, { isWritable: false })).toThrow(
      /^Expected 17 bytes to share in .*: Invalid argument\.$/,
    );
  });
});
