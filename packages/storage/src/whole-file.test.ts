import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWholeFile } from './whole-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-whole-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a whole file', () => {
  it('appears when it is published, and replaces an existing file', async () => {
    const path = join(folder, 'new/table.csv');
    for (const text of ['first\n', 'second é\n']) {
      const file = await openWholeFile(path);
      await file.write(text.slice(0, 3));
      await file.write(text.slice(3));
      if (text === 'first\n') expect(await readdir(join(folder, 'new'))).not.toContain('table.csv');
      else expect(await readFile(path, 'utf8')).toBe('first\n');
      await file.publish();
      await file.discard();
      expect(await readFile(path, 'utf8')).toBe(text);
    }
    expect(await readdir(join(folder, 'new'))).toEqual(['table.csv']);
  });

  it('leaves nothing when it is discarded', async () => {
    const file = await openWholeFile(join(folder, 'table.csv'));
    await file.write('half');
    await file.discard();
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});
