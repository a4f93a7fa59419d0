import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { type ExperimentInput, experimentSchema } from '../experiment/schema.ts';
import { expectedPlan } from './expected-plan.ts';
import { requireCopies } from './require-copies.ts';

function check(trainingCount: number, cachedCopies: number, stacking: ExperimentInput['stacking']): void {
  const experiment = experimentSchema.parse({
    members: [
      { name: 'one', backbone: 'mobilenet' },
      { name: 'two', backbone: 'mobilenet-v2' },
    ],
    ...{ weights: 'imagenet', stacking, recipe: { augmentation: 'light', cachedCopies, fineTune: { lastLayers: 0 } } },
  });
  requireCopies(expectedPlan(experiment, {}, { trainingCount, testCount: 0 }));
}

it.each([{ kind: 'kfold' as const, folds: 2 }, { kind: 'holdout' as const }])(
  'refuses more copies than can be kept, and says how many can be: %j',
  (stacking) => {
    // MobileNetV2 has 1280 features of 4 bytes; 2^30 bytes hold 10 rows of 20,971 images.
    expect(() => check(20_971, 8, stacking)).not.toThrow();
    expect(() => check(20_972, 8, stacking)).toThrow(ConfigError);
    expect(() => check(20_972, 8, stacking)).toThrow(
      'two: the features of 20972 images with 8 cached copies each take 1074 MB, more than the 1074 MB that can be kept; set recipe.cachedCopies to at most 7.',
    );
    expect(() => check(1e6, 8, stacking)).toThrow(/^one: .* set recipe\.cachedCopies to at most 0\.$/);
    expect(() => check(1e6, 0, stacking)).not.toThrow();
  },
);
