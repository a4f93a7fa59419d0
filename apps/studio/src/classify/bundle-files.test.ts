import { expect, it } from 'vitest';
import { bundleAmong } from './bundle-files.ts';

const file = new Blob(['content']);
const filesOf = (...paths: string[]) => new Map(paths.map((path) => [path, file]));
const at = (folder: string) => [`${folder}SHA256SUMS`, `${folder}bundle.json`, `${folder}members/one/1.bin`];
const inside = at('');

it.each([
  ['a bundle', at(''), ''],
  ['a folder that is a bundle', at('pets/'), 'pets'],
  [
    'the bundle of a run, not a member, which has a list of checksums, too',
    ['run/members/one/SHA256SUMS', ...at('run/bundle/')],
    'run/bundle',
  ],
  ['the bundle as it is, beside a smaller one', [...at('run/bundle-int8/'), ...at('run/bundle/')], 'run/bundle'],
  ['the one nearest to the top', [...at('all/old/pets/'), ...at('all/pets/')], 'all/pets'],
])('finds %s', (_, paths, folder) => {
  const found = bundleAmong(filesOf(...paths));
  expect(found?.folder).toBe(folder);
  expect([...found!.files.keys()].toSorted()).toEqual(inside.toSorted());
});

it.each([
  ['no files', []],
  ['images', ['a/cat.jpg', 'a/my-bundle.json']],
  ['a list of checksums alone', ['a/SHA256SUMS']],
  ['a bundle without a list', ['a/bundle.json', 'SHA256SUMS']],
])('finds none among %s', (_, paths) => {
  expect(bundleAmong(filesOf(...paths))).toBeUndefined();
});
