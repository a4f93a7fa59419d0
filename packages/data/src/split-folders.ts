/** Top folders that hold a split rather than a class, by their names. */
import { normalizeName } from './display-name.ts';

/** What the images of a split folder are for. */
export type SplitRole = 'train' | 'tune' | 'test';

/** Usual names, in lower case. */
const usualNames: Readonly<Record<SplitRole, readonly string[]>> = {
  train: ['train', 'training'],
  tune: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};

/** Words of other names, such as `training_set` or `testData`. */
const otherWords: Readonly<Record<SplitRole, RegExp>> = {
  train: /^(train|training|trainset|traindata)$/,
  tune: /^(val|valid|validation|valset|dev|devset)$/,
  test: /^(test|testing|testset|testdata|eval|evaluation|holdout)$/,
};

export const splitRoles: readonly SplitRole[] = ['train', 'tune', 'test'];

/** What a folder of this name is for, in any case of letters; null for every other name. */
export function splitRoleOf(name: string): SplitRole | null {
  const plain = normalizeName(name).trim().toLowerCase();
  return splitRoles.find((role) => usualNames[role].includes(plain)) ?? null;
}

/** What a folder is for whose name has one of the usual names as a word; null for every other name. */
export function likelySplitRoleOf(name: string): SplitRole | null {
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u);
  return splitRoles.find((role) => words.some((word) => otherWords[role].test(word))) ?? null;
}
