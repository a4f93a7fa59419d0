import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { unpackWheel } from './unpack-wheel.ts';

let folder: string;
let wheel: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-wheel-'));
  wheel = join(folder, 'some.whl');
  target = join(folder, 'target');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a zip file with the compression of wheels. */
function zip(content: Record<string, string>): void {
  const script = `import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, text in json.loads(sys.argv[2]).items(): archive.writestr(name, text)`;
  execFileSync('python3', ['-c', script, wheel, JSON.stringify(content)]);
}

describe('unpackWheel', () => {
  it('unpacks only the named files and folders', async () => {
    zip({
      'tensorflow/lib.so': 'library',
      'tensorflow/lib.so.txt': '',
      'include/c/a.h': 'a',
      'include/d/b.h': 'b',
      'x.py': '',
    });
    await unpackWheel(wheel, ['tensorflow/lib.so', 'include/c/'], target);
    expect((await readdir(target, { recursive: true })).toSorted()).toEqual(
      ['include', 'include/c', 'include/c/a.h', 'tensorflow', 'tensorflow/lib.so'].map((name) => join(name)),
    );
    expect(await readFile(join(target, 'tensorflow', 'lib.so'), 'utf8')).toBe('library');
  });

  it('reports missing entries', async () => {
    zip({ 'tensorflow/lib.so': '' });
    await expect(unpackWheel(wheel, ['tensorflow/lib.so', 'include/'], target)).rejects.toThrow(
      new RuntimeError(`${wheel} has no include/.`),
    );
  });

  it.each(['include/../../escaped', '/tmp/escaped', 'include/a\\..\\..\\escaped'])(
    'writes nothing for %s',
    async (name) => {
      zip({ [name]: 'text' });
      await expect(unpackWheel(wheel, ['include/', '/tmp/'], target)).rejects.toThrow();
      expect(existsSync(target)).toBe(false);
      expect((await readdir(folder)).toSorted()).toEqual(['some.whl']);
    },
  );

  it('rejects a file that is not a zip file', async () => {
    await writeFile(wheel, 'This is a text.');
    await expect(unpackWheel(wheel, ['a'], target)).rejects.toThrow(/[Ee]nd of central directory/);
    expect(existsSync(target)).toBe(false);
  });
});
