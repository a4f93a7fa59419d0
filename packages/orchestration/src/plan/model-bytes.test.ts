import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { choosePreset } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { expectedPlan } from './expected-plan.ts';
import { requireRoomForMembers } from './model-bytes.ts';

const check = (changes: Partial<ExperimentInput>) => {
  const experiment = resolveExperiment(choosePreset('mobile').experiment, changes);
  const { members } = expectedPlan(experiment, {}, { trainingCount: 2000, testCount: 100 });
  return () => requireRoomForMembers(members, 2, experiment);
};

// MobileNetV2 9.0 MB, MobileNet 12.9 MB and its narrower variant 7.3 MB.
it.each<Partial<ExperimentInput>>([
  {},
  { maxMembers: 2 },
  { maxMegabytes: 16.5 },
  { maxMegabytes: 29.5, minMembers: 3 },
])('accepts %o', (changes) => {
  expect(check(changes)).not.toThrow();
});

it.each<[Partial<ExperimentInput>, string]>([
  [{ maxMegabytes: 16 }, 'expected at least 16.4, the size of the 2 smallest members, received 16. Raise'],
  [{ maxMegabytes: 20, minMembers: 3 }, 'expected at least 29.3, the size of the 3 smallest members, received 20.'],
  [
    { maxMegabytes: 50, stacking: { kind: 'kfold', folds: 5, members: 'average' } },
    'expected at least 81.9, the size of the 2 smallest members, received 50.',
  ],
])('refuses %o before anything is trained', (changes, message) => {
  expect(check(changes)).toThrow(ConfigError);
  expect(check(changes)).toThrow(message);
});
