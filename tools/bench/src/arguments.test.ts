import { expect, it, test } from 'vitest';
import { ArgumentError, parseArguments } from './arguments.ts';

const names = ['train', 'predict', 'load'];
const none = {
  roundCount: undefined,
  quick: false,
  case: undefined,
  json: undefined,
  data: undefined,
  weights: undefined,
  list: false,
};
const all = { rows: ['train', 'load'], ...none };

test.each([
  [[], all],
  [['load', 'train'], { ...all, rows: ['train', 'load'] }],
  [['--rounds', '3', '--quick'], { ...all, roundCount: 3, quick: true }],
  [['predict', '--json', 'out.json'], { ...all, rows: ['predict'], json: 'out.json' }],
  [['predict', '--data', 'photos', '--weights', 'w'], { ...all, rows: ['predict'], data: 'photos', weights: 'w' }],
  [['train', '--case', 'Xception'], { ...all, rows: ['train'], case: 'Xception' }],
  [['--list'], { ...all, list: true }],
])('%j, where predict is measured only if named', (words, expected) => {
  expect(parseArguments(words, names, ['predict'])).toEqual(expected);
});

it.each([
  [['tran'], 'Unknown row "tran"; expected one of: train, predict, load.'],
  [['--rounds', '0'], 'Expected --rounds of at least 1, received 0.'],
  [['--rounds', 'many'], 'Expected --rounds of at least 1, received many.'],
  [['--round', '3'], "Unknown option '--round'"],
  [['--json'], 'argument missing'],
])('%j is rejected', (words, message) => {
  expect(() => parseArguments(words, names)).toThrow(ArgumentError);
  expect(() => parseArguments(words, names)).toThrow(message);
});
