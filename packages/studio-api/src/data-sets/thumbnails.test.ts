import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestFolder, testFolder } from '../studio.fixture.ts';
import { Thumbnails } from './thumbnails.ts';

let folder: TestFolder;
let paths: [string, string, string];

beforeAll(async () => {
  folder = await testFolder(3);
  const photos = await folder.photos('photos');
  paths = [0, 1, 2].map((number) => join(photos, `discs/discs-0000${number}.png`)) as typeof paths;
});
afterAll(() => folder?.remove());

it('keeps as many pictures as fit, and removes the least recently used ones first', async () => {
  const sizes = await Promise.all(paths.map(async (path) => (await new Thumbnails(0).of(path, 160)).length));
  const thumbnails = new Thumbnails(sizes.reduce((sum, size) => sum + size, 0) - 1);
  const of = (index: 0 | 1 | 2) => thumbnails.of(paths[index], 160);
  const [first, second] = [await of(0), await of(1)];
  expect(await of(0)).toBe(first);
  await of(2);
  expect(await of(0)).toBe(first);
  expect(await of(1)).not.toBe(second);
  expect(await of(1)).toEqual(second);
});

it('keeps nothing that is larger than all of its room', async () => {
  const thumbnails = new Thumbnails(10);
  expect(await thumbnails.of(paths[0], 160)).not.toBe(await thumbnails.of(paths[0], 160));
});
