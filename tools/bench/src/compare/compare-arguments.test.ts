import { expect, it, test } from 'vitest';
import { ArgumentError } from '../arguments.ts';
import { parseCompareArguments } from './compare-arguments.ts';

const names = ['few-10', 'few-25', 'noise'];
const none = {
  ...{ cases: names, ablation: false, data: undefined, weights: undefined, folder: undefined, drawCount: undefined },
  ...{ keras: false, fineTunedCount: 0, autogluon: false, list: false },
};

test.each([
  [[], none],
  [['noise', 'few-10', '--draws', '2'], { ...none, cases: ['few-10', 'noise'], drawCount: 2 }],
  [['--ablation', '--data', 'd'], { ...none, ablation: true, data: 'd' }],
  [['--keras', '--fine-tuned', '1'], { ...none, keras: true, fineTunedCount: 1 }],
])('%j', (words, expected) => {
  expect(parseCompareArguments(words, names)).toEqual(expected);
});

it.each([
  [['few'], 'Unknown case "few"; expected some of: few-10, few-25, noise.'],
  [['--ablation', 'noise'], '--ablation has no cases, received noise.'],
  [['--draws', 'x'], 'Expected --draws of at least 1, received x.'],
  [['--draws', '1.5'], 'Expected --draws of at least 1, received 1.5.'],
  [['--draws', '0'], 'Expected --draws of at least 1, received 0.'],
  [['--fine-tuned', ''], 'Expected --fine-tuned of at least 0, received .'],
  [['--drawn', '3'], "Unknown option '--drawn'"],
])('%j is rejected', (words, message) => {
  expect(() => parseCompareArguments(words, names)).toThrow(ArgumentError);
  expect(() => parseCompareArguments(words, names)).toThrow(message);
});
