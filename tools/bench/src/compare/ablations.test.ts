import { prepareExperiment, resolveExperiment } from '@chorus/orchestration';
import { expect, test } from 'vitest';
import { ablations } from './ablations.ts';

const { experiment: preset } = await prepareExperiment({ preset: 'cpu', data: 'shapes', base: '/', environment: {} });
const [unchanged, ...changed] = ablations.map(({ name, changes }) => ({
  name,
  experiment: resolveExperiment(preset, changes),
}));

test('the preset comes first', () => {
  expect(unchanged!.experiment).toEqual(preset);
});

test.each(changed)('$name changes the preset', ({ experiment }) => {
  expect(experiment).not.toEqual(preset);
  // The test images are predicted from features of frozen backbones.
  expect(experiment.recipe.fineTune.lastLayers).toBe(0);
});

test('no two are the same', () => {
  expect(new Set(changed.map(({ experiment }) => JSON.stringify(experiment))).size).toBe(changed.length);
});
