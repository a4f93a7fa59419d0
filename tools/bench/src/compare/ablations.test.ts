import { resolveExperiment } from '@chorus/orchestration';
import { expect, test } from 'vitest';
import { ablationsOfPreset, cpuPreset } from './ablations.ts';

const preset = await cpuPreset();
const [unchanged, ...changed] = (await ablationsOfPreset()).map(({ name, changes }) => ({
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

test('each member and the stacker features are left out once', () => {
  const membersOf = (name: string) =>
    changed.find((one) => one.name === name)!.experiment.members.map((member) => member.name);
  const names = preset.members.map(({ name }) => name);
  for (const name of names) expect(membersOf(`without-${name}`)).toEqual(names.filter((other) => other !== name));
  const { kinds } = changed.find(({ name }) => name === 'no-features')!.experiment.stackers;
  expect(kinds).toEqual(preset.stackers.kinds.filter((kind) => kind !== 'features'));
});

test('no two are the same', () => {
  expect(new Set(changed.map(({ experiment }) => JSON.stringify(experiment))).size).toBe(changed.length);
});
