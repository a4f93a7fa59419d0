import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTestOutcomes } from './test-outcomes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-outcomes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(lines: readonly string[]) {
  const path = join(folder, 'predictions.csv');
  await writeFile(path, lines.join('\n'));
  const { paths, classifiers } = await readTestOutcomes(path, ['mean'], ['a', 'b, c']);
  return { paths, ...classifiers[0]! };
}

const header = 'path,label,mean:a,"mean:b, c"';

describe('readTestOutcomes', () => {
  it('reads paths, correct predictions and losses', async () => {
    const { paths, correct, losses } = await read([header, '"1\n.jpg",a,0.75,0.25', '2.jpg,"b, c",0.75,0.25']);
    expect(paths).toEqual(['1\n.jpg', '2.jpg']);
    expect(correct).toEqual([1, 0]);
    expect(losses).toEqual([-Math.log(0.75), -Math.log(0.25)]);
  });

  it.each([
    ['a missing probability', [header, '1.jpg,a,0.75,x']],
    ['an unknown class', [header, '1.jpg,d,0.75,0.25']],
    ['another classifier', ['path,label,greedy:a,greedy:b', '1.jpg,a,0.75,0.25']],
    ['half a line', [header, '1.jpg,a']],
    ['an open quote', [header, '"1.jpg,a,0.75,0.25']],
  ])('refuses a table with %s', async (_, lines) => {
    await expect(read(lines)).rejects.toThrow(StorageError);
  });

  it('refuses a file that is missing', async () => {
    await expect(readTestOutcomes(join(folder, 'none.csv'), ['mean'], ['a', 'b'])).rejects.toThrow(StorageError);
  });
});
