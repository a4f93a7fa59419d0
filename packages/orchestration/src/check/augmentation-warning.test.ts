import { expect, it } from 'vitest';
import { type ExperimentInput, experimentSchema } from '../experiment/schema.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { warningsAboutAugmentation } from './augmentation-warning.ts';

const members: ExperimentInput['members'] = [
  { name: 'one', backbone: 'mobilenet' },
  { name: 'two', backbone: 'mobilenet-v2' },
];

function warningsOf(changes: Partial<ExperimentInput>): string[] {
  const experiment = experimentSchema.parse({ members, weights: 'imagenet', ...changes });
  const plan = expectedPlan(experiment, {}, { trainingCount: 100, testCount: 20 });
  return warningsAboutAugmentation(experiment, plan);
}

it.each<[string, Partial<ExperimentInput>]>([
  ['flips', { recipe: { fineTune: { lastLayers: 0 } } }],
  ['an augmentation of all layers', { recipe: { augmentation: 'heavy' } }],
  ['random weights', { weights: 'random', recipe: { augmentation: 'heavy', fineTune: { lastLayers: 0 } } }],
  ['cached copies', { recipe: { augmentation: 'light', cachedCopies: 2, fineTune: { lastLayers: 0 } } }],
])('is silent about %s', (_, changes) => {
  expect(warningsOf(changes)).toEqual([]);
});

it.each<[string, Partial<ExperimentInput>, RegExp]>([
  [
    'a head alone',
    { recipe: { augmentation: 'light', fineTune: { lastLayers: 0 } } },
    /^recipe\.augmentation only flips images for one, two: outputs of frozen layers are computed once per image; /,
  ],
  [
    'frozen layers in each stage, without flips',
    { recipe: { augmentation: { flip: false, rotation: 9 }, fineTune: { lastLayers: 9 } } },
    /^recipe\.augmentation has no effect for one, two: /,
  ],
  [
    'cached copies that no stage uses',
    { weights: 'random', recipe: { augmentation: 'light', cachedCopies: 2 } },
    /^recipe\.cachedCopies has no effect for one, two: no stage of several epochs has frozen layers$/,
  ],
])('warns of %s', (_, changes, message) => {
  expect(warningsOf(changes)).toEqual([expect.stringMatching(message)]);
});
