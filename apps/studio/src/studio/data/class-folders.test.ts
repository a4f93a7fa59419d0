import { expect, it } from 'vitest';
import { classFolders } from './class-folders.ts';

const files = (...paths: string[]) => new Map(paths.map((path) => [path, new File([], path.split('/').at(-1)!)]));

it('names a class after the folder that an image is in', () => {
  const folders = classFolders(files('cats/1.png', 'photos/.DS_Store', 'photos/dogs/2.png', 'cats/3.png'))!;
  expect([...folders].map(([name, own]) => [name, own.map((file) => file.name)])).toEqual([
    ['cats', ['1.png', '3.png']],
    ['dogs', ['2.png']],
  ]);
});

it('does not guess the class of an image without a folder', () => {
  expect(classFolders(files('cats/1.png', '2.png'))).toBeNull();
});
