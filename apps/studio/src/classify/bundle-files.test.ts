import { expect, it } from 'vitest';
import { bundleAmong } from './bundle-files.ts';

const file = new Blob(['content']);
const filesOf = (...paths: string[]) => new Map(paths.map((path) => [path, file]));

it.each([
  ['a bundle', ['SHA256SUMS', 'bundle.json'], ['SHA256SUMS', 'bundle.json']],
  [
    'a folder with a bundle',
    ['run/report.html', 'run/bundle/SHA256SUMS', 'run/bundle/members/one/1.bin'],
    ['SHA256SUMS', 'members/one/1.bin'],
  ],
  [
    // Every trained member is a folder with such a list, too.
    'the bundle nearest to the top',
    ['run/members/one/all/SHA256SUMS', 'run/bundle/SHA256SUMS'],
    ['SHA256SUMS'],
  ],
  ['no bundle', ['a/b.txt', 'a/MY-SHA256SUMS'], ['a/b.txt', 'a/MY-SHA256SUMS']],
  ['nothing', [], []],
])('finds %s', (_, paths, found) => {
  expect([...bundleAmong(filesOf(...paths)).keys()]).toEqual(found);
});
