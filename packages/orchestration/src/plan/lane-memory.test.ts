import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { expectedPlan } from './expected-plan.ts';
import { estimateLaneBytes } from './lane-memory.ts';

const estimate = (layer: object, devices: string[], imageCount = 3000) =>
  estimateLaneBytes(
    expectedPlan(resolveExperiment(layer), {}, { trainingCount: imageCount, testCount: 0 }),
    devices.map((device) => ({ device: device as 'cpu:0' })),
  );
const three = ['cpu:0', 'cpu:1', 'cpu:2'];

/** Frozen backbones whose features are not stacked. */
const frozen = { ...presets.cpu.experiment, stackers: { kinds: ['mean'] } };
const fineTuned = {
  ...presets.mobile.experiment,
  recipe: { fineTune: { lastLayers: 30 } },
  stacking: { kind: 'holdout' },
};

describe('estimateLaneBytes', () => {
  it('is close to a measurement: the demo on three lanes peaked at 3.5 GB, including node and the pixels', () => {
    const bytes = estimate(presets.demo.experiment, three);
    expect(bytes).toBeGreaterThan(2.5e9);
    expect(bytes).toBeLessThan(4.5e9);
  });

  it('is close to a measurement: frozen backbones up to Xception at 299 px peaked at 3.0 GB, including node and the pixels', () => {
    const bytes = estimate(presets.cpu.experiment, ['cpu:0', 'cpu:1'], 400);
    expect(bytes).toBeGreaterThan(1.5e9);
    expect(bytes).toBeLessThan(4e9);
  });

  it('is that of the student if it takes more than the members', () => {
    const members = presets.cpu.experiment;
    const small = estimate({ ...members, student: { backbone: 'mobilenet', alpha: 0.25 } }, three);
    expect(small).toBe(estimate(members, three));
    const recipe = { fineTune: { lastLayers: 'all' } };
    expect(estimate({ ...members, student: { backbone: 'xception', recipe } }, three)).toBeGreaterThan(small);
  });

  it('assumes that the largest members train concurrently, and excludes GPU memory', () => {
    const { experiment } = presets.article;
    const [one, all] = [estimate(experiment, ['cpu:0']), estimate(experiment, three)];
    expect(one).toBeGreaterThan(all / 3);
    expect(one).toBeLessThan(all);
    expect(estimate(experiment, ['gpu:0', 'gpu:1', 'gpu:2'])).toBeLessThan(1e9);
  });

  it('grows with the batch size if all layers train, but not with a frozen backbone', () => {
    const half = { recipe: { batchSize: 16 } };
    const { article, cpu } = presets;
    expect(estimate({ ...article.experiment, ...half }, three)).toBeLessThan(0.8 * estimate(article.experiment, three));
    expect(estimate({ ...cpu.experiment, recipe: { ...cpu.experiment.recipe, ...half.recipe } }, three)).toBe(
      estimate(cpu.experiment, three),
    );
  });

  it('depends on the images of a pass rather than those of a batch', () => {
    const { article } = presets;
    const withRecipe = (recipe: object) =>
      estimate({ ...article.experiment, recipe: { ...article.experiment.recipe, ...recipe } }, three);
    const small = withRecipe({ batchSize: 16 });
    const divided = withRecipe({ batchSize: 64, microBatchSize: 16 });
    expect(divided).toBeLessThan(1.1 * small);
    expect(divided).toBeGreaterThan(small);
    expect(withRecipe({ batchSize: 64 })).toBeGreaterThan(2 * divided);
  });

  it('counts the averages of the weights', () => {
    const { article } = presets;
    const whole = { ...article.experiment.recipe!.whole, emaMomentum: 0.99 };
    const more =
      estimate({ ...article.experiment, recipe: { ...article.experiment.recipe, whole } }, three) -
      estimate(article.experiment, three);
    expect(more).toBe(2 * 4 * (2_257_984 + 21_802_784 + 20_861_480));
  });

  it('counts the largest member once for each of its folds that can train concurrently', () => {
    const folds = { ...presets.demo.experiment, stacking: { kind: 'kfold', folds: 5 } };
    const xception = { ...folds, members: presets.demo.experiment.members!.slice(1), minMembers: 2 };
    expect(estimate(folds, three)).toBe(estimate(xception, three));
    expect(estimate(folds, three)).toBeGreaterThan(1.2 * estimate(presets.demo.experiment, three));
  });

  it('counts megabytes for features of frozen backbones and the budget for inner layers, also on GPUs', () => {
    expect(estimate(frozen, three)).toBeLessThan(3e9);
    expect(estimate(fineTuned, ['gpu:0', 'gpu:1'])).toBeGreaterThan(2 * 2 ** 30);
  });

  it('counts one row per image without flips and test-time augmentation, shared or not', () => {
    const plain = {
      ...frozen,
      testTimeAugmentation: false,
      recipe: { ...frozen.recipe, augmentation: 'none' },
    };
    const more = (layer: object) => estimate(layer, three, 4000) - estimate(layer, three, 3000);
    expect(more(plain)).toBe(1000 * (2048 + 1280 + 1024) * 4);
    expect(more({ ...plain, stacking: { kind: 'holdout', fraction: 0.2 } })).toBe(1000 * (2048 + 1280 + 1024) * 4);
  });

  it('counts the features that are stacked once, and twice for each thread', () => {
    const stacked = presets.cpu.experiment;
    const more = estimate(stacked, three, 4000) - estimate(frozen, three, 4000);
    const threads = Math.min(availableParallelism(), 6);
    expect(more).toBe((1 + 2 * threads) * 4000 * (2048 + 1280 + 1024) * 4);
    expect(estimate(fineTuned, three)).toBe(estimate({ ...fineTuned, stackers: frozen.stackers }, three));
  });

  it('counts the rows of cached copies, shared or not', () => {
    const experiment = frozen;
    const withCopies = {
      ...experiment,
      recipe: { ...experiment.recipe, augmentation: 'light', cachedCopies: 3 },
    };
    const more = (layer: object) => estimate(layer, three, 4000) - estimate(layer, three, 3000);
    expect(more(withCopies)).toBe(1000 * (2 + 3) * (2048 + 1280 + 1024) * 4);
    expect(more({ ...withCopies, stacking: { kind: 'holdout', fraction: 0.2 } })).toBe(more(withCopies));
  });

  it('counts the budget for inner layers in gradual unfreezing, unless its steps augment', () => {
    const { full } = presets;
    const withFineTune = (recipe: object, fineTune: object) =>
      estimate(
        { ...full.experiment, recipe: { ...recipe, fineTune: { ...full.experiment.recipe!.fineTune, ...fineTune } } },
        ['gpu:0', 'gpu:1'],
      );
    const atOnce = withFineTune({}, {});
    expect(withFineTune({}, { unfreeze: 'gradual' }) - atOnce).toBe(2 * 2 ** 30);
    expect(withFineTune({ augmentation: 'light' }, { unfreeze: 'gradual' })).toBe(atOnce);
  });

  it('counts the epochs of a soup', () => {
    const { article } = presets;
    const plain = { ...article.experiment, flaws: { ...article.experiment.flaws, lastEpoch: false } };
    const whole = { ...plain.recipe!.whole, soup: 4 };
    const more = estimate({ ...plain, recipe: { ...plain.recipe, whole } }, three) - estimate(plain, three);
    expect(more).toBe(4 * 4 * (2_257_984 + 21_802_784 + 20_861_480));
  });

  it('counts shared features', () => {
    const more = estimate(frozen, three, 4000) - estimate(frozen, three, 3000);
    expect(more).toBe(1000 * 2 * (2048 + 1280 + 1024) * 4);
    expect(estimate(fineTuned, three, 4000)).toBe(estimate(fineTuned, three, 3000));
  });
});
