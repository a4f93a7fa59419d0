import { expect, it } from 'vitest';
import { blobPlace } from './blob-place.ts';
import { PredictorError } from './errors.ts';

const files = new Map([
  ['SHA256SUMS', new Blob(['sums'])],
  ['members/one/1.bin', new Blob([Uint8Array.of(1, 2, 3)])],
]);

it('reads files by their path', async () => {
  const counts: number[] = [];
  const content = await blobPlace(files).read('members/one/1.bin', {
    maxBytes: 3,
    onBytes: (count) => counts.push(count),
  });
  expect([...content]).toEqual([1, 2, 3]);
  expect(counts).toEqual([3]);
});

it.each([
  [
    'a missing file',
    files,
    'bundle.json',
    'Expected a bundle, with bundle.json; received SHA256SUMS, members/one/1.bin.',
  ],
  ['no files', new Map(), 'SHA256SUMS', 'Expected a bundle, with SHA256SUMS; received no files.'],
  ['a large file', files, 'SHA256SUMS', 'Cannot read SHA256SUMS: expected at most 3 bytes, received 4.'],
])('refuses %s', async (_, of, file, message) => {
  const reading = blobPlace(of).read(file, { maxBytes: 3 });
  await expect(reading).rejects.toThrow(PredictorError);
  await expect(reading).rejects.toThrow(message);
});

it('stops when its signal is aborted', async () => {
  const reading = blobPlace(files).read('SHA256SUMS', { maxBytes: 9, signal: AbortSignal.abort(new Error('enough')) });
  await expect(reading).rejects.toThrow('enough');
});
