import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each<[string, number]>([
  ['90s', 90],
  ['10m', 600],
  ['1.5h', 5400],
  ['1h30m', 5400],
  ['1h 30m 5s', 5405],
  [' 2 min ', 120],
  ['10M', 600],
  ['3 hours', 10_800],
  ['1d', 86_400],
  ['1s', 1],
])('reads %s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

test.each([
  '',
  '600',
  'm',
  '-5m',
  '+5m',
  '1e3s',
  '.5h',
  '5.m',
  '10x',
  '10m10m',
  '30m1h',
  '0s',
  '0.5s',
  '0m0s',
  '10 m x',
  'Infinity s',
  'ten minutes',
  '10m;',
  '١٠m',
])('refuses %j', (text) => expect(parseDuration(text)).toBeUndefined());

test('does not take the name of a method for a unit', () => {
  expect(parseDuration('5toString')).toBeUndefined();
  expect(parseDuration('5constructor')).toBeUndefined();
});
