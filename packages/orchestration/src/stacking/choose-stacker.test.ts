import { describe, expect, it } from 'vitest';
import { chooseStacker } from './choose-stacker.ts';

type Losses = readonly number[];

/** The chosen kind, by the losses of images. */
function chosen(losses: Readonly<Record<string, Losses>>): string {
  const kinds = Object.keys(losses) as ('mean' | 'logistic' | 'features')[];
  const means = kinds.map((kind) => losses[kind]!.reduce((sum, one) => sum + one, 0) / losses[kind]!.length);
  const scores = means.map((logLoss) => ({ accuracy: 1, logLoss }));
  return kinds[chooseStacker(kinds, scores, (index) => Float64Array.from(losses[kinds[index]!]!))]!;
}

const even = [0.2, 0.2, 0.2, 0.2, 0.2, 0.2];
const lower = [0.1, 0.2, 0.1, 0.2, 0.1, 0.1];
/** Better for all images but one. */
const surprised = [0.01, 0.01, 0.01, 0.01, 0.01, 1.4];

describe('chooseStacker', () => {
  it.each([
    ['the lowest loss', { mean: even, logistic: lower }, 'logistic'],
    ['features with the lowest loss', { mean: even, features: lower }, 'features'],
    ['features with a higher loss because of one image', { mean: even, features: surprised }, 'features'],
    ['another stacker that is better by more than a standard error', { mean: lower, features: even }, 'mean'],
    ['the best of the others', { mean: even, logistic: lower, features: even.map((one) => one + 0.05) }, 'logistic'],
    ['features among equal ones', { mean: even, features: even }, 'features'],
    ['features by a single image, which has no standard error', { mean: [0.1], features: [0.2] }, 'features'],
  ])('chooses %s', (_, losses, expected) => {
    expect(chosen(losses)).toBe(expected);
  });
});
