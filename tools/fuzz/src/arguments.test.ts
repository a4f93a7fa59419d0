import { expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

const names = ['h5', 'zip'];

it('fuzzes every target for 20 seconds by default', () => {
  expect(parseArguments([], names)).toEqual({
    targets: names,
    seconds: 20,
    seed: 0,
    iteration: undefined,
    list: false,
  });
});

it('takes names, a time and one input', () => {
  expect(parseArguments(['zip', '--seed', '7', '--iteration', '123', '--seconds', '600'], names)).toMatchObject({
    ...{ targets: ['zip'], seed: 7, iteration: 123, seconds: 600 },
  });
});

it.each([
  [['npz'], 'Unknown target "npz"; expected one of: h5, zip.'],
  [['--seconds', '-1'], /Expected a whole number for --seconds|ambiguous/],
  [['--seed', 'x'], 'Expected a whole number for --seed, received "x".'],
  [['--iteration', '1'], 'Expected one target for --iteration, received 0.'],
  [['--loud'], /Unknown option/],
])('refuses %j', (words, message) => {
  expect(() => parseArguments(words as string[], names)).toThrow(message as string);
});
