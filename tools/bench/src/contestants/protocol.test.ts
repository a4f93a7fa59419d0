import { expect, it, test } from 'vitest';
import { parseAnswer } from './protocol.ts';

const prepared = { versions: { keras: '3.15.1' }, parameterCount: 2_223_872, stepSeconds: 0.5 };

test.each([
  { prepared },
  { prepared: { versions: {}, stepSeconds: null } },
  { seconds: { members: 12.5, 'stack stage': 3 } },
])('accepts %j', (answer) => {
  expect(parseAnswer(JSON.stringify(answer))).toEqual(answer);
});

it.each([
  ['words', 'Downloading …'],
  ['an empty line', ''],
  ['an unknown message', '{"done": true}'],
  ['an extra key', JSON.stringify({ prepared: { ...prepared, extra: 1 } })],
  ['a negative time', '{"seconds": {"step": -1}}'],
  ['a null time', '{"seconds": {"step": null}}'],
])('rejects %s', (_, line) => {
  expect(() => parseAnswer(line)).toThrow('Expected {"prepared": …} or {"seconds": …}, received');
});
