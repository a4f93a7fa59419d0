import { expect, it } from 'vitest';
import { timeBudgetLines } from './time-budget-lines.ts';

const budget = {
  seconds: 180,
  spentSeconds: 157.4,
  note: '',
  ranking: null,
  ...{ reducedSizes: [], members: [], leftOut: [], cut: [], endedEarly: [] },
};

it('prints nothing without a budget, and one line if everything was trained', () => {
  expect(timeBudgetLines(null)).toEqual([]);
  expect(timeBudgetLines(budget)).toEqual([
    'time budget: 157 of 180 s; with other work on this machine, or on another one, the results may differ',
  ]);
});

it('prints what the time did not suffice for', () => {
  const stage = { name: 'slim', stage: 'fine-tune' as const, epochCount: 1 };
  const lines = timeBudgetLines({
    ...budget,
    spentSeconds: 190.2,
    reducedSizes: ['slim', 'xception'].map((name) => ({ name, from: 299, to: 224 })),
    leftOut: [{ name: 'xception', missingSeconds: 126.3 }],
    cut: ['wide'],
    endedEarly: [
      { ...stage, fold: 'fold-1' },
      { ...stage, fold: 'fold-2' },
    ],
  });
  expect(lines).toEqual([
    expect.stringMatching(/^time budget: 190 of 180 s, 10 s too many; /),
    // The member that was left out has no images.
    'smaller images for lack of time: slim (224 px in place of 299 px)',
    'left out for lack of time: xception (about 127 s more)',
    'not trained to the end: wide',
    'ended early: slim, fine-tune (2 trainings)',
  ]);
});
