import { describe, expect, it } from 'vitest';
import { chooseStacker } from './choose-stacker.ts';
import { meanOf } from './paired-losses.ts';

type Losses = readonly number[];

interface Candidate {
  losses: Losses;
  /** By default, that of a classifier whose probabilities are about 0.9. */
  surprise?: number;
}

/** The chosen kind. */
function chosen(candidates: Readonly<Record<string, Candidate>>, classCount = 2): string {
  const kinds = Object.keys(candidates) as ('mean' | 'logistic' | 'features')[];
  const all = Object.values(candidates).map(({ losses, surprise = 2.3 }) => ({
    images: Float64Array.from(losses),
    surprise,
  }));
  const scores = all.map(({ images }) => ({ accuracy: 1, logLoss: meanOf(images) }));
  return kinds[chooseStacker(kinds, scores, (index) => all[index]!, classCount)]!;
}

const even = { losses: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2] };
const lower = { losses: [0.1, 0.2, 0.1, 0.2, 0.1, 0.1] };
const higher = { losses: [0.25, 0.25, 0.25, 0.25, 0.25, 0.25] };
/** Better for all images but one. */
const surprised = { losses: [0.01, 0.01, 0.01, 0.01, 0.01, 1.4] };
const careful = { losses: Array<number>(100).fill(0.006), surprise: 5.1 };
const confident = { losses: Array<number>(100).fill(0.0001), surprise: 9.2 };
/** Careful ones of which some images are wrong. */
const unsure = { losses: [...Array<number>(80).fill(0.1), ...Array<number>(20).fill(2.4)], surprise: 2.4 };
const better = { losses: [...Array<number>(95).fill(0.01), ...Array<number>(5).fill(4.6)], surprise: 4.6 };

describe('chooseStacker', () => {
  it.each([
    ['the lowest loss', { mean: even, logistic: lower }, 'logistic'],
    ['features with the lowest loss', { mean: even, features: lower }, 'features'],
    ['features with a higher loss because of one image', { mean: even, features: surprised }, 'features'],
    ['another stacker that is better by more than a standard error', { mean: lower, features: even }, 'mean'],
    ['the best of the others', { mean: even, logistic: lower, features: higher }, 'logistic'],
    ['features among equal ones', { mean: even, features: even }, 'features'],
    ['features by a single image', { mean: { losses: [0.1] }, features: { losses: [0.2] } }, 'features'],
    ['features without images', { mean: { losses: [] }, features: { losses: [] } }, 'features'],
    ['features, if the other is better by its confidence only', { dense: confident, features: careful }, 'features'],
    ['a more confident stacker that is also more often right', { dense: better, features: unsure }, 'dense'],
    ['logistic like features, without them', { mean: even, logistic: surprised }, 'logistic'],
    ['logistic, if the other is better by its confidence only', { dense: confident, logistic: careful }, 'logistic'],
    ['a stacker that is better than logistic', { mean: lower, logistic: even }, 'mean'],
    ['the lowest loss without any regression', { mean: careful, dense: confident }, 'dense'],
  ])('chooses %s', (_, candidates, expected) => {
    expect(chosen(candidates)).toBe(expected);
  });

  it('adds a wrong image of each class', () => {
    // 100 images gain 0.6 in all; a wrong one costs 0.25 more.
    const candidates = {
      dense: { losses: Array<number>(100).fill(0), surprise: 5.25 },
      features: { losses: Array<number>(100).fill(0.006), surprise: 5 },
    };
    expect([1, 2, 10].map((classCount) => chosen(candidates, classCount))).toEqual(['dense', 'features', 'features']);
  });
});
