/** Recognizes split folders by name. */
import { lookOf } from './display-name.ts';

/** The purpose of the images in a split folder. */
export type SplitRole = 'train' | 'tune' | 'test';

/** Common names, in lower case. */
const usualNames: Readonly<Record<SplitRole, readonly string[]>> = {
  train: ['train', 'training'],
  tune: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};

/** Words in other names, such as `training_set` or `testData`. */
const otherWords: Readonly<Record<SplitRole, RegExp>> = {
  train: /^(train|training|trainset|traindata)$/,
  tune: /^(val|valid|validation|valset|dev|devset)$/,
  test: /^(test|testing|testset|testdata|eval|evaluation|holdout)$/,
};

export const splitRoles: readonly SplitRole[] = ['train', 'tune', 'test'];

/** The role of a folder with one of the common names, ignoring case; null for other names. */
export function splitRoleOf(name: string): SplitRole | null {
  // Compare the visual form: an invisible character does not make a name a class.
  const plain = lookOf(name).toLowerCase();
  return splitRoles.find((role) => usualNames[role].includes(plain)) ?? null;
}

/** The role of a folder whose name contains a common name as a word; null for other names. */
export function likelySplitRoleOf(name: string): SplitRole | null {
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u);
  return splitRoles.find((role) => words.some((word) => otherWords[role].test(word))) ?? null;
}
