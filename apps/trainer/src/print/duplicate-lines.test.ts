import type { Report } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { duplicateCounts, duplicateLines } from './duplicate-lines.ts';

type Duplicate = Report['dataset']['duplicates'][number];

const duplicate = (changes: Partial<Duplicate> = {}): Duplicate => ({
  kind: 'exact',
  paths: ['cats/1.jpg', 'cats/2.jpg'],
  labels: ['cats'],
  splits: ['fit'],
  action: 'grouped',
  leftOut: [],
  ...changes,
});

describe('duplicateLines', () => {
  it('prints nothing where every picture appears once', () => {
    expect(duplicateLines({ duplicates: [], duplicatesComplete: true })).toEqual([]);
  });

  it('12: warns of contradictions and of pictures on both sides of the split, the worst first', () => {
    const duplicates = [
      duplicate(),
      duplicate({ paths: ['test/1.jpg', 'train/1.jpg'], splits: ['fit', 'test'], action: 'reported' }),
      duplicate({ paths: ['cats/a\n.jpg', 'dogs/b.jpg'], labels: ['cats', 'dogs'] }),
    ];
    expect(duplicateLines({ duplicates, duplicatesComplete: true })).toEqual([
      'warning: 3 pictures appear more than once (1 under several labels, 1 in several sets of the split):',
      '  cats/a\\x0a.jpg = dogs/b.jpg: labels cats, dogs; kept together',
      '  test/1.jpg = train/1.jpg: in fit, test; left as they are',
      '  cats/1.jpg = cats/2.jpg: kept together',
    ]);
  });

  it('prints the first few of many pictures and of many copies', () => {
    const paths = ['1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg'];
    const duplicates = Array.from({ length: 8 }, () =>
      duplicate({ paths, action: 'dropped', leftOut: paths.slice(1), splits: ['fit'] }),
    );
    const lines = duplicateLines({ duplicates, duplicatesComplete: false });
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe('8 pictures appear more than once (32 copies left out):');
    expect(lines[1]).toBe('  1.jpg = 2.jpg = 3.jpg and 2 more: copies left out');
    expect(lines[6]).toBe('  … and 3 more; see dataset.duplicates in the report');
    expect(lines[7]).toBe('Many images look alike; not all of them could be compared.');
  });

  it('counts one picture in the singular', () => {
    expect(duplicateCounts([duplicate()])).toBe('1 picture appears more than once');
  });
});
