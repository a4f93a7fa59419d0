import { memberCost } from '@chorus/models';
import { expect, it } from 'vitest';
import { costsSchema } from './cost-schema.ts';
import { memberSize, reportCosts } from './member-costs.ts';

const small = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
const large = { family: 'xception', inputSize: 96 } as const;
const tensors = (...bytes: number[]) =>
  bytes.map((byteLength, index) => ({ name: `layer/${index}`, shape: [byteLength / 4], offset: 0, byteLength }));
const sizes = [
  memberSize('folds', [
    { backbone: small, tensors: tensors(400, 600) },
    { backbone: small, tensors: tensors(400, 600) },
  ]),
  memberSize('large', [{ backbone: large, tensors: tensors(8000) }]),
  memberSize('dropped', [{ backbone: small, tensors: tensors(1000) }]),
];
const work = (task: string, kind: 'predict' | 'train', ms: number) => ({
  ...{ task, kind, givenAtMs: 0, startedAtMs: 100, finishedAtMs: 100 + ms },
});

it('adds up the models of a member, and the members of the ensemble', () => {
  const lanes = [
    work('large', 'predict', 30),
    work('folds', 'train', 5000),
    work('folds', 'predict', 4),
    work('large', 'predict', 20),
    work('folds', 'predict', 6),
  ];
  const costs = reportCosts(sizes, ['folds', 'large'], lanes, { testCount: 10, viewCount: 6 });
  expect(costsSchema.parse(costs)).toEqual(costs);
  const unit = 3 * memberCost(small) + memberCost(large);
  expect(costs.members).toEqual([
    {
      name: 'folds',
      passes: 12,
      parameters: 500,
      megabytes: 0.002,
      work: (2 * memberCost(small)) / unit,
      milliseconds: 1,
    },
    { name: 'large', passes: 6, parameters: 2000, megabytes: 0.008, work: memberCost(large) / unit, milliseconds: 5 },
    {
      name: 'dropped',
      passes: 6,
      parameters: 250,
      megabytes: 0.001,
      work: memberCost(small) / unit,
      milliseconds: null,
    },
  ]);
  expect(costs.ensemble).toMatchObject({ passes: 18, parameters: 2500, milliseconds: 6 });
  expect(costs.ensemble.megabytes).toBeCloseTo(0.01, 12);
  expect(costs.ensemble.work).toBeCloseTo(1 - memberCost(small) / unit, 12);
});

it('has no time of an ensemble with a member that was not measured', () => {
  const { ensemble } = reportCosts(sizes, ['folds', 'large'], [work('large', 'predict', 30)], {
    testCount: 10,
    viewCount: 1,
  });
  expect(ensemble.milliseconds).toBeNull();
});
