/** Top folders that hold a split rather than a class, by their names. */
import { lookOf } from './display-name.ts';

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

/** What a folder with this name is for, in upper or lower case; null for every other name. */
export function splitRoleOf(name: string): SplitRole | null {
  // By its look: a name with an invisible character is no class of its own.
  const plain = lookOf(name).toLowerCase();
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
