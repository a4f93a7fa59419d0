import { expect, it } from 'vitest';
import { type UnusedEntries, unusedEntries } from './unused-entries.ts';

const none: UnusedEntries = { skipped: [], hidden: { count: 0, paths: [] }, beyondLimit: 0 };
const where = 'all are in the report';

it('says nothing where everything is used', () => {
  expect(unusedEntries(none, where)).toEqual([]);
});

it('counts entries by their reason, the most frequent first, with the first paths of each', () => {
  const texts = ['a', 'b', 'c', 'd'].map((name) => ({
    path: `${name}.txt`,
    reason: 'not an image',
    kind: 'file' as const,
  }));
  const entries: UnusedEntries = {
    skipped: [
      { path: 'x/a.jpg', reason: 'already listed as y/a.jpg', kind: 'repeat' },
      ...texts,
      { path: 'x/b.jpg', reason: 'already listed as y/b.jpg', kind: 'repeat' },
      { path: 'x/link', reason: 'link out of the data set', kind: 'outside' },
    ],
    hidden: { count: 5, paths: ['.DS_Store', '.git', 'Icon\r', 'x/.b', 'x/.c'] },
    beyondLimit: 7,
  };
  expect(unusedEntries(entries, where)).toEqual([
    'not used: 7 entries; all are in the report',
    '  4 × not an image: a.txt, b.txt, c.txt, …',
    '  2 × already listed under another path: x/a.jpg, x/b.jpg',
    '  1 × link out of the data set (--follow-links follows it): x/link',
    'hidden: 5 entries (.DS_Store, .git, Icon\\x0d, …)',
    'left out by data.limitPerClass: 7 images',
  ]);
});

it('keeps odd names on one line', () => {
  const skipped = [{ path: 'a\nb\u202e.jpg', reason: 'broken link', kind: 'image' as const }];
  expect(unusedEntries({ ...none, skipped }, where)).toEqual([
    'not used: 1 entry; all are in the report',
    '  1 × broken link: a\\x0ab\\u{202e}.jpg',
  ]);
});
