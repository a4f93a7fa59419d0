import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imbalanceNotice } from '../check/imbalance-notice.ts';
import { presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { type ExperimentInput, modelsOf } from '../experiment/schema.ts';
import { expectedFacts } from './dataset-facts.ts';
import { planImbalance, remedyParts } from './imbalance.ts';
import { planTraining } from './plan-training.ts';

const classesOf = (...counts: number[]) => counts.map((count, index) => ({ name: `class ${index}`, count }));
const choiceOf = (recipe: ExperimentInput['recipe']) =>
  resolveExperiment(presets.mobile.experiment, { data: { source: '/photos' }, recipe }).recipe.imbalance;

function planOf(changes: Partial<ExperimentInput>, counts: number[] | undefined) {
  const experiment = resolveExperiment(presets.mobile.experiment, { data: { source: '/photos' } }, changes);
  const facts = expectedFacts(experiment, { trainingCount: 1000, testCount: 200 });
  const weights = modelsOf(experiment).map(() => ({ kind: 'file', path: '/w.h5', sha256: 'a' }) as const);
  return planTraining(experiment, counts ? { ...facts, classes: classesOf(...counts) } : facts, weights);
}

describe('planImbalance', () => {
  it.each([
    [[100, 100], 1, 'none'],
    [[300, 100], 3, 'none'],
    [[301, 100], 3.01, 'logit-adjustment'],
    [[40, 800, 200], 20, 'logit-adjustment'],
  ])('auto for %j images: a ratio of %d, %s', (counts, ratio, kind) => {
    const found = planImbalance('auto', classesOf(...counts));
    expect(found.ratio).toBeCloseTo(ratio, 6);
    expect(found.remedy.kind).toBe(kind);
    expect(found.reason).toContain('recipe.imbalance is auto');
  });

  it.each([
    ['none', { kind: 'none' }],
    ['class-weights', { kind: 'class-weights' }],
    ['balanced-sampling', { kind: 'balanced-sampling' }],
    ['focal', { kind: 'focal', gamma: 2 }],
    ['logit-adjustment', { kind: 'logit-adjustment', tau: 1 }],
    [
      { kind: 'focal', gamma: 1 },
      { kind: 'focal', gamma: 1 },
    ],
    [{ kind: 'logit-adjustment' }, { kind: 'logit-adjustment', tau: 1 }],
  ] as const)('a remedy that the experiment sets is kept, whatever the ratio: %j', (imbalance, remedy) => {
    for (const counts of [
      [100, 100],
      [1000, 10],
    ])
      expect(planImbalance(choiceOf({ imbalance }), classesOf(...counts))).toMatchObject({
        remedy,
        reason: 'it is set in recipe.imbalance',
      });
  });
});

it.each<unknown>(['sometimes', { kind: 'focal', gamma: -1 }, { kind: 'class-weights', gamma: 2 }, 3])(
  'refuses %j',
  (imbalance) => {
    expect(() => choiceOf({ imbalance } as ExperimentInput['recipe'])).toThrow('recipe.imbalance');
  },
);

describe('remedyParts', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 2, maxLength: 20 });

  it('weighs classes so that each counts equally, and the mean weight of the images is 1', () => {
    fc.assert(
      fc.property(counts, (own) => {
        const { loss } = remedyParts(planImbalance('class-weights', classesOf(...own)));
        const shares = loss.classWeights!.map((weight, label) => weight * own[label]!);
        for (const share of shares) expect(share / shares[0]!).toBeCloseTo(1, 9);
        const total = own.reduce((sum, count) => sum + count, 0);
        expect(shares.reduce((sum, share) => sum + share, 0) / total).toBeCloseTo(1, 9);
      }),
    );
  });

  it('adjusts logits by the logarithms of the class frequencies, which sum to 1', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.1, max: 3, noNaN: true }), (own, tau) => {
        const { loss } = remedyParts(planImbalance({ kind: 'logit-adjustment', tau }, classesOf(...own)));
        const shares = loss.logitOffsets!.map((offset) => Math.exp(offset / tau));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        for (const [label, share] of shares.entries()) expect(share / shares[0]!).toBeCloseTo(own[label]! / own[0]!, 6);
      }),
    );
  });
});

describe('the plan', () => {
  it('of classes of similar size is that of recipe.imbalance "none", to the last number', () => {
    const { imbalance, ...plan } = planOf({}, [500, 500]);
    const { imbalance: _, ...without } = planOf({ recipe: { imbalance: 'none' } }, [500, 500]);
    expect(plan).toEqual(without);
    expect(plan).toEqual(planOf({}, undefined));
    expect(imbalance).toMatchObject({ ratio: 1, remedy: { kind: 'none' } });
    expect(JSON.stringify(plan)).not.toMatch(/classWeights|logitOffsets|focalGamma|sampling|tuneLoss|balancesClasses/);
  });

  it.each([
    ['auto', { loss: { logitOffsets: [Math.log(0.95), Math.log(0.05)] } }],
    ['class-weights', { loss: { classWeights: [0.5 / 0.95, 10] } }],
    ['focal', { loss: { classWeights: [0.5 / 0.95, 10], focalGamma: 2 } }],
    ['balanced-sampling', { loss: {}, sampling: 'balanced' }],
  ] as const)('of %s changes every stage and the stackers', (imbalance, parts) => {
    const { members, stackers } = planOf({ recipe: { imbalance } }, [950, 50]);
    const { members: plain } = planOf({ recipe: { imbalance: 'none' } }, [950, 50]);
    expect(stackers.balancesClasses).toBe(true);
    for (const [index, { plan }] of members.entries())
      expect(plan.stages).toEqual(
        plain[index]!.plan.stages.map((stage) => ({
          ...{ ...stage, ...parts, tuneLoss: 'balanced' },
          loss: { ...stage.loss, ...parts.loss },
        })),
      );
  });

  it('of a student has the remedy of the members, beside the loss of the ensemble’s probabilities', () => {
    const student = { backbone: 'mobilenet', labelShare: 0.5 } as const;
    const { members, student: planned } = planOf({ stacking: { kind: 'kfold' }, student }, [950, 50]);
    const { loss, tuneLoss } = planned!.plan.stages[0]!;
    expect(loss).toEqual({ ...members[0]!.plan.stages[0]!.loss, distillation: { temperature: 2, labelShare: 0.5 } });
    expect(loss.logitOffsets).toEqual([Math.log(0.95), Math.log(0.05)]);
    expect(tuneLoss).toBe('balanced');
  });

  it('of the article leaves classes as they are', () => {
    expect(resolveExperiment(presets.article.experiment).recipe.imbalance).toBe('none');
  });
});

it.each([
  [planImbalance('auto', classesOf(100, 90)), undefined],
  [planImbalance('none', classesOf(100, 90)), undefined],
  [
    planImbalance('none', classesOf(100, 10)),
    '100 training images of "class 0" and 10 of "class 1", 10.0 : 1: recipe.imbalance is none',
  ],
  [planImbalance('auto', classesOf(10, 100)), '10.0 : 1: logit-adjustment (recipe.imbalance is auto, and the ratio is'],
  [planImbalance('class-weights', classesOf(100, 90)), '1.1 : 1: class-weights (it is set in recipe.imbalance)'],
  [
    planImbalance('balanced-sampling', classesOf(100, 100)),
    'all classes have the same number of training images: balanced-sampling has no effect (it is set in recipe.imbalance)',
  ],
  [
    planImbalance('class-weights', classesOf(100, 99)),
    'all classes have about the same number of training images: class-weights has hardly any effect',
  ],
  [
    planImbalance({ kind: 'focal', gamma: 2 }, classesOf(100, 100)),
    'focal weighs no class more than another, and only gives less weight to images that are classified well',
  ],
])('the notice %#', (imbalance, text) => {
  const found = imbalanceNotice(imbalance);
  expect(found).toHaveLength(text === undefined ? 0 : 1);
  if (text !== undefined) expect(found[0]).toContain(text);
});
