import { expect, it } from 'vitest';
import { recordOf } from './record.ts';

// Written by RecordWriter of TensorBoard 2.21.0.
it.each([
  ['', '000000000000000029039807d8ea82a2'],
  ['abc', '0300000000000000b099490e6162636e57f121'],
])('frames "%s" as TensorBoard does', (content, expected) => {
  expect(Buffer.from(recordOf(Buffer.from(content))).toString('hex')).toBe(expected);
});
