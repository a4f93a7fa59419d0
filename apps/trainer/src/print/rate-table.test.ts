import type { FoundRate } from '@chorus/orchestration';
import { expect, it } from 'vitest';
import { rateTable } from './rate-table.ts';

const found = (member: string, valley: number | undefined): FoundRate => ({
  ...{ member, stage: 'head', key: 'recipe.head.learningRate', planned: { kind: 'constant', value: 1e-3 } },
  sweep: { stage: 'head', rates: [1e-7], losses: [1], stepCount: 40 },
  suggestion: valley === undefined ? undefined : { valley, steepest: null, tenthOfMinimum: valley / 10 },
});
const lines = (...members: FoundRate[]) => rateTable(members).split('\n');

it('names the lowest valley of the members as the value to set', () => {
  expect(lines(found('a', 1e-2), found('b', 2.5e-3), found('c', undefined)).slice(1)).toEqual([
    expect.stringMatching(/^a +head +1 of 40 +1e-3 +1e-2 +none +1e-3$/),
    expect.stringMatching(/^b +head +1 of 40 +1e-3 +2\.5e-3 +none +2\.5e-4$/),
    expect.stringMatching(/^c +head +1 of 40 +1e-3 +diverged +diverged +diverged$/),
    '',
    'To use the valley, the lowest one of the members:',
    '  --set recipe.head.learningRate=2.5e-3',
  ]);
});

it('names no value if every sweep diverged', () => {
  expect(lines(found('a', undefined))).toHaveLength(2);
});
