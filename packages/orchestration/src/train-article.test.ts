import type { EpochMetrics } from '@chorus/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';
import { evaluateBundle } from './evaluate.ts';
import { article } from './experiment/presets/article.ts';
import { at, data, drawDataWith, removeRuns, runtime, small } from './train.fixture.ts';
import { train } from './train.ts';

// The dense stacker needs a whole batch of 32 in each of its folds.
beforeAll(() => drawDataWith(24));
afterAll(removeRuns);

it("runs the article's procedure with its flaws, and reports them", async () => {
  const epochs: EpochMetrics[] = [];
  const { flaws, stacking, stackers, testTimeAugmentation } = article;
  const { report } = await train(
    {
      ...{ ...small(), runtime, flaws, stacking, stackers, testTimeAugmentation },
      recipe: { batchSize: 16, augmentation: 'none', whole: { epochCount: 2, learningRate: 1e-4, patience: 1 } },
    },
    {
      out: at('article'),
      observer: {
        onEpoch: (epoch) => epochs.push(epoch),
      },
    },
  );
  expect(report.flaws.map(({ name }) => name)).toEqual([
    'flaws.rawBgr',
    'flaws.aliasedResize',
    'flaws.wholeFromStart',
    'flaws.lastEpoch',
    'flaws.wholeBatchesOnly',
    'flaws.tuneOnTest',
    'flaws.fromLogitsOnSigmoid',
    'stacking.kind',
  ]);
  expect(report.verdict).toContain('The procedure has 8 known flaws, 2 of which flatter these figures.');
  // 34 test images are two whole batches and a remainder; they were used for tuning.
  expect(report.dataset.counts).toMatchObject({
    training: 47,
    test: 32,
    folds: [{ fit: 47, tune: 32, outOfFold: 47 }],
  });
  expect(report.testImagesReadBeforeChoice).toBe(32);
  // A patience of one epoch has no effect, and 15 of 47 images, which do not fill a batch of 16, are left out.
  expect(epochs.map(({ task, epochIndex, stepCount }) => [task, epochIndex, stepCount]).toSorted()).toEqual([
    ['slim', 0, 2],
    ['slim', 1, 2],
    ['wide', 0, 2],
    ['wide', 1, 2],
  ]);
  const { manifest } = await readBundle(at('article/bundle'));
  expect(manifest.decoding.resize).toBe('opencv');
  expect(manifest.members.flatMap(({ models }) => models.map(({ model }) => model.preprocessing))).toEqual([
    'raw-bgr',
    'raw-bgr',
  ]);
  expect(report.stackers.map(({ kind, test: score }) => [kind, score.count])).toEqual([['dense', 32]]);
  const evaluation = await evaluateBundle(at('article/bundle'), data, { workers: 'cpu:0', runtime });
  expect(evaluation.ensemble.test.correct).toBe(report.stackers[0]!.test.correct);
});
