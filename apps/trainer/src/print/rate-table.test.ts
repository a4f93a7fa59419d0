import type { FoundRate } from '@chorus/orchestration';
import { expect, it } from 'vitest';
import { rateTable } from './rate-table.ts';

const found = (member: string, valley?: number): FoundRate => ({
  ...{ member, stage: 'whole', key: 'recipe.whole.learningRate', planned: { kind: 'constant', value: 1e-3 } },
  sweep: { stage: 'whole', rates: [1e-7], losses: [1], stepCount: 16 },
  suggestion: valley === undefined ? undefined : { valley, steepest: null, tenthOfMinimum: 1e-4 },
});

it('sets the lowest valley of the members', () => {
  expect(
    rateTable([found('a', 2e-3), found('b', 1.2e-3), found('c')])
      .split('\n')
      .slice(-2),
  ).toEqual(['To use the valley, the lowest one of the members:', '  --set recipe.whole.learningRate=1.2e-3']);
});

it('suggests a lower first rate where every sweep diverged', () => {
  const lines = rateTable([found('a'), found('b')]).split('\n');
  expect(lines[1]).toMatch(/^a +whole +1 of 16 +1e-3 +diverged +diverged +diverged$/);
  expect(lines.slice(-1)).toEqual(['Every loss diverged too early for a suggestion; choose a lower --from.']);
});
