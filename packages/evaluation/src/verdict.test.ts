import { describe, expect, it } from 'vitest';
import { type VerdictFacts, verdict } from './verdict.ts';

const score = (correct: number) => ({ correct, count: 100, accuracy: correct / 100 });

/** An ensemble and its best member on 100 test images. */
function facts(ensemble: number, member: number, changes: Partial<VerdictFacts> = {}): VerdictFacts {
  return {
    stackers: [
      {
        kind: 'mean',
        chosen: true,
        test: { ...score(ensemble), wilson95: [ensemble / 100 - 0.05, ensemble / 100 + 0.03] },
        mcnemar: { against: 'one', onlyStacker: 3, onlyMember: 1, p: 0.25, pHolm: 0.25 },
      },
    ],
    members: [{ name: 'one', status: 'done', test: score(member) }],
    bestMember: 'one',
    demo: false,
    baseline: 0.5,
    flaws: [],
    ...changes,
  };
}

const significant = (one: VerdictFacts): VerdictFacts => ({
  ...one,
  stackers: one.stackers.map((stacker) => ({ ...stacker, mcnemar: { ...stacker.mcnemar, pHolm: 0.01 } })),
});

describe('verdict', () => {
  it.each<[string, VerdictFacts, string]>([
    [
      'better, not significant',
      facts(97, 95),
      'The ensemble (mean) classifies 97 of 100 test images correctly: 97.0 % (95 % interval 92.0 % to 100.0 %). It classifies 2 more images correctly than the best single member, one (95.0 %); the difference is not significant (exact McNemar p = 0.25, 0.25 adjusted for 1 stacker).',
    ],
    ['significantly better', significant(facts(97, 90)), '7 more images correctly than'],
    ['significantly better', significant(facts(97, 90)), 'the difference is significant (exact'],
    ['worse', facts(94, 95), 'It classifies 1 fewer image correctly than the best single member'],
    ['equal', facts(95, 95), 'It classifies as many images correctly as the best single member, one (95.0 %).'],
    ['no better than the baseline', facts(55, 54), 'not significantly better than always predicting'],
    [
      'a failed member',
      facts(97, 95, {
        members: [
          { name: 'one', status: 'done', test: score(95) },
          { name: 'two', status: 'failed', test: null },
        ],
      }),
      'Members that failed and are not part of it: two.',
    ],
    ['a flaw', facts(97, 95, { flaws: [{ flatters: false }] }), 'The procedure has 1 known flaw.'],
    [
      'flaws that flatter the figures',
      facts(97, 95, { flaws: [{ flatters: false }, { flatters: true }] }),
      'The procedure has 2 known flaws, 1 of which flatters these figures.',
    ],
    [
      'a remedy for classes of unequal size',
      facts(97, 95, {
        stackers: facts(97, 95).stackers.map((one) => ({ ...one, test: { ...one.test, balancedAccuracy: 0.912 } })),
        imbalance: { ratio: 20, remedy: { kind: 'class-weights' } },
      }),
      'The largest class has 20.0 times as many training images as the smallest; with class weights, every class counts equally: its balanced accuracy is 91.2 %.',
    ],
    ['a demonstration', facts(97, 95, { demo: true }), 'its figures do not apply to photographs.'],
    ['too few members', facts(97, 95, { stackers: [], bestMember: null }), 'There is no ensemble: too few members'],
  ])('describes %s', (_, input, expected) => expect(verdict(input)).toContain(expected));

  it('names the focal loss, which alone makes no class count more', () => {
    const imbalance = { ratio: 20, remedy: { kind: 'focal' } };
    expect(verdict(facts(97, 95, { imbalance }))).toContain(
      'with class weights and the focal loss, every class counts',
    );
  });

  it.each([
    ['are left as they are', { ratio: 20, remedy: { kind: 'none' } }],
    ['have equally many images', { ratio: 1.04, remedy: { kind: 'focal' } }],
  ])('does not mention classes that %s', (_, imbalance) =>
    expect(verdict(facts(97, 95, { imbalance }))).toBe(verdict(facts(97, 95))),
  );
});
