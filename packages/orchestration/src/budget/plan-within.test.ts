import type { StageName } from '@chorus/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { estimateSeconds, memberSeconds } from '../plan/estimate-time.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { photographs as images, twoCores as machine } from '../plan/two-cores.fixture.ts';
import { choiceLines } from './choice-lines.ts';
import { fitSizes } from './fit-sizes.ts';
import { applyChoice, leastBudget, type PlanningFacts, planWithin } from './plan-within.ts';
import { studentSeconds } from './student-seconds.ts';

const members: ExperimentInput['members'] = [
  { name: 'xception', backbone: 'xception', inputSize: 299 },
  { name: 'mobilenet-v2', backbone: 'mobilenet-v2' },
  { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.5 },
];
const experimentOf = (changes: Partial<ExperimentInput> = {}) =>
  resolveExperiment({ members, timeBudgetSeconds: 60, recipe: { fineTune: { epochCount: 6 } } }, changes);
const planOf = (changes: Partial<ExperimentInput> = {}) => expectedPlan(experimentOf(changes), {}, images);

const factsOf = (secondsLeft: number, changes: Partial<PlanningFacts> = {}): PlanningFacts => ({
  ...{ machine, secondsLeft, minMembers: 2, ranked: [], forwardSeconds: new Map(), withFeatures: new Set() },
  ...changes,
});
const chosenIn = (secondsLeft: number, changes: Partial<PlanningFacts> = {}, plan = planOf()) =>
  planWithin(plan, factsOf(secondsLeft, changes));
const epochsOf = (choice: ReturnType<typeof chosenIn>, stage: StageName) =>
  Object.fromEntries(
    choice!.members.map(({ name, stages }) => [name, stages.find((one) => one.stage === stage)?.epochCount ?? 0]),
  );
const seconds = fc.double({ min: 1, max: 20_000, noNaN: true });

describe('a student', () => {
  const folds = { stacking: { kind: 'kfold', folds: 2 } } as const;
  const plan = planOf({ ...folds, student: { backbone: 'mobilenet', alpha: 0.25 } });
  const reserved = studentSeconds(plan, machine);

  it('has its time reserved, with all of its epochs', () => {
    const { trainings, features, test } = memberSeconds(plan.student!, plan, machine, 'late');
    expect(reserved * machine.laneCount).toBeGreaterThanOrEqual(1.2 * (trainings[0]! + features + test));
    const least = leastBudget(plan, factsOf(0)).seconds;
    expect(0.97 * (least - leastBudget(planOf(folds), factsOf(0)).seconds)).toBeCloseTo(reserved, 6);
    expect(chosenIn(least * (1 - 1e-6), {}, plan)).toBeUndefined();
    const choice = chosenIn(least * (1 + 1e-6), {}, plan)!;
    expect(choice.plannedSeconds).toBeGreaterThan(reserved);
    expect(applyChoice(plan, choice).student).toEqual(plan.student);
  });

  it('never makes the plan longer than the time left', () => {
    fc.assert(
      fc.property(seconds, (secondsLeft) => {
        const choice = chosenIn(secondsLeft, {}, plan);
        if (choice !== undefined) expect(choice.plannedSeconds).toBeLessThan(secondsLeft);
      }),
    );
  });
});

describe('planWithin', () => {
  it.each<[string, number, Record<string, number> | undefined]>([
    ['nothing in no time', 5, undefined],
    ['the heads of the cheapest members', 37, { 'mobilenet-v2': 0, mobilenet: 0 }],
    ['everything with enough time', 1e5, { xception: 6, 'mobilenet-v2': 6, mobilenet: 6 }],
  ])('plans %s', (_, secondsLeft, epochs) => {
    const choice = chosenIn(secondsLeft);
    expect(choice && epochsOf(choice, 'fine-tune')).toEqual(epochs);
  });

  it('never plans more than the time left, by the estimates of a run', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 8 }), (secondsLeft, laneCount) => {
        const facts = factsOf(secondsLeft, { machine: { ...machine, laneCount } });
        const plan = planOf();
        const choice = planWithin(plan, facts);
        if (choice === undefined) return;
        expect(choice.plannedSeconds).toBeLessThan(secondsLeft);
        const applied = applyChoice(plan, choice);
        const work = applied.members.map((member) => memberSeconds(member, plan, facts.machine, 'late'));
        const total = work.reduce(
          (sum, { trainings, features, test }) => sum + trainings.reduce((a, b) => a + b) + features + test,
          0,
        );
        expect(total / laneCount).toBeLessThan(secondsLeft);
        expect(0.75 * estimateSeconds(applied, facts.machine)[0]).toBeLessThan(secondsLeft + machine.startSeconds);
      }),
    );
  });

  it('never chooses less with more time', () => {
    const ranked = members.map(({ name }) => name);
    // Heads are worth more than fine-tuning, and better ranked members more than others.
    const worth = ({ members: chosen }: NonNullable<ReturnType<typeof chosenIn>>) =>
      chosen.reduce((sum, { name, stages }) => {
        const tuning = Math.floor(10 * Math.sqrt((stages[1]?.epochCount ?? 0) / 6));
        return sum + (3 - ranked.indexOf(name)) * (20 + tuning);
      }, 0);
    fc.assert(
      fc.property(seconds, fc.double({ min: 1, max: 3, noNaN: true }), (secondsLeft, factor) => {
        const [less, more] = [chosenIn(secondsLeft, { ranked }), chosenIn(factor * secondsLeft, { ranked })];
        if (less !== undefined) expect(worth(more!)).toBeGreaterThanOrEqual(worth(less));
      }),
    );
  });

  it('fits exactly in the least budget', () => {
    const plan = planOf();
    const least = leastBudget(plan, factsOf(0));
    expect(least.members).toEqual(['mobilenet', 'mobilenet-v2']);
    expect(
      chosenIn(least.seconds * 1.0001)
        ?.members.map(({ name }) => name)
        .toSorted(),
    ).toEqual(least.members);
    expect(chosenIn(least.seconds * 0.9999)).toBeUndefined();
  });

  it('fine-tunes the better ranked of two equally expensive members first', () => {
    const twins: Partial<ExperimentInput> = {
      members: ['a', 'b'].map((name) => ({ name, backbone: 'mobilenet' as const })),
    };
    const plan = planOf(twins);
    const withFeatures = new Set(['a', 'b']);
    const forRanking = (ranked: string[]) => epochsOf(chosenIn(60, { ranked, withFeatures }, plan), 'fine-tune');
    const [first, second] = [forRanking(['a', 'b']), forRanking(['b', 'a'])];
    expect(first.a).toBeGreaterThan(first.b!);
    expect(second).toEqual({ a: first.b, b: first.a });
  });

  it('counts features that exist as no time, and a measured forward pass in place of the estimate', () => {
    const [xception] = members.map(({ name }) => name);
    const left = (changes: Partial<PlanningFacts>) => chosenIn(150, changes)!.leftOut.map(({ name }) => name);
    expect(left({})).toEqual([xception]);
    expect(left({ withFeatures: new Set([xception!]), forwardSeconds: new Map([[xception!, 0.001]]) })).toEqual([]);
  });

  it('plans whole trainings from random weights, with at least one epoch', () => {
    const plan = planOf({ weights: 'random' });
    const { seconds: least } = leastBudget(plan, factsOf(0));
    const choice = chosenIn(least * 1.01, {}, plan)!;
    expect(epochsOf(choice, 'whole')).toMatchObject({ mobilenet: expect.any(Number) });
    for (const count of Object.values(epochsOf(choice, 'whole'))) expect(count).toBeGreaterThanOrEqual(1);
    expect(epochsOf(chosenIn(1e6, {}, plan), 'whole').xception).toBe(30);
  });
});

describe('applyChoice', () => {
  it('keeps the plan with all of its epochs as it is', () => {
    const plan = planOf();
    expect(applyChoice(plan, chosenIn(1e5, {}, plan)!)).toEqual(plan);
  });

  it('predicts from features where only the head trains', () => {
    const applied = applyChoice(planOf(), chosenIn(37)!);
    for (const { plan } of applied.members) {
      expect(plan.stages.map(({ name }) => name)).toEqual(['head']);
      expect(plan.features).toEqual({ rowsPerImage: 2, predict: true });
    }
  });
});

describe('fitSizes', () => {
  const sizesIn = (secondsLeft: number, changes: Partial<ExperimentInput> = {}) =>
    fitSizes(experimentOf(changes), {}, images, { machine, secondsLeft });
  const xceptionIn = (...parameters: Parameters<typeof sizesIn>) =>
    sizesIn(...parameters).experiment.members[0]!.inputSize;

  it('reduces the images of members that would take more than half of the time', () => {
    expect(sizesIn(1e5)).toEqual({ experiment: experimentOf(), reduced: [] });
    expect(sizesIn(600).reduced).toEqual([{ name: 'xception', from: 299, to: 224 }]);
    expect(xceptionIn(10)).toBe(224);
    // A backbone's smallest size stays.
    const smallest: ExperimentInput['members'] = [{ ...members[0]!, inputSize: 71 }, ...members.slice(1)];
    expect(xceptionIn(1, { members: smallest })).toBe(71);
  });

  it('never reduces more with more time, and not with random weights', () => {
    fc.assert(
      fc.property(seconds, fc.double({ min: 1, max: 3, noNaN: true }), (secondsLeft, factor) => {
        expect(xceptionIn(factor * secondsLeft)).toBeGreaterThanOrEqual(xceptionIn(secondsLeft)!);
      }),
    );
    expect(xceptionIn(10, { weights: 'random' })).toBe(299);
  });
});

it('says what was chosen and why', () => {
  const ranking = {
    imageCount: 1000,
    neighborCount: 15,
    members: [
      { name: 'mobilenet-v2', accuracy: 0.972 },
      { name: 'mobilenet', accuracy: 0.95 },
    ],
  };
  const choice = {
    members: [
      {
        name: 'mobilenet-v2',
        stages: [
          { stage: 'head' as const, epochCount: 100 },
          { stage: 'fine-tune' as const, epochCount: 4 },
        ],
      },
      { name: 'mobilenet', stages: [{ stage: 'head' as const, epochCount: 100 }] },
    ],
    leftOut: [{ name: 'xception', missingSeconds: 840 }],
    plannedSeconds: 130,
  };
  const lines = choiceLines({ ...choice, ranking }, planOf(), { budgetSeconds: 180, spentSeconds: 21.4 });
  expect(lines).toEqual([
    'ranked by 15 nearest neighbors on frozen features (leave-one-out, 1000 training images): mobilenet-v2 97.2 %, mobilenet 95.0 %',
    'time budget: 21 s of 3 min spent; the plan takes about 130 s more, plus stackers and report',
    '  mobilenet-v2: head, at most 100 epochs; fine-tune, at most 4 of 6 epochs',
    '  mobilenet: head, at most 100 epochs; no fine-tune',
    '  xception at 299 px is left out: it needs about 14 min more',
  ]);
});
