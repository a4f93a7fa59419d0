import type { PlannedStage, RunPlan } from '@chorus/orchestration';
import { expect, test } from 'vitest';
import { planSummary } from './plan-summary.ts';

const stage: PlannedStage = {
  name: 'fine-tune',
  trains: { lastLayers: 30 },
  batchNorm: 'moving',
  recalibratesBatchNorm: false,
  loss: { labelSmoothing: 0, fromLogitsOnSigmoid: null },
  optimizer: { kind: 'adam', weightDecay: 0 },
  learningRate: { kind: 'constant', value: 1e-5 },
  augmentation: { kind: 'none' },
  batchSize: 32,
  wholeBatchesOnly: false,
  epochCount: 8,
  stopping: { keeps: 'best', patience: 3, startCounts: true },
  precision: 'float32',
};

const rotated = {
  kind: 'random',
  ...{ flip: true, cropArea: 1, cropRatio: 1, rotation: 5, shear: 0, brightness: 0, contrast: 0 },
  ...{ saturation: 0, hue: 0, gray: 0, blur: 0, erase: 0, mixup: 0, cutmix: 0, policy: null },
} as const;

/** The cells of a stage's row. */
function cellsOf(changes: Partial<PlannedStage>): string[] {
  const plan: RunPlan = {
    folder: '/runs/a',
    lanes: ['cpu:0'],
    seconds: [10, 20],
    memoryBytes: 1e9,
    diskBytes: 1e9,
    plan: {
      ...{ schemaVersion: 1, trainingCount: 100, testCount: 20, flaws: [] },
      stackers: { kinds: ['mean'], options: {} as RunPlan['plan']['stackers']['options'], seed: 0 },
      members: [
        {
          plan: {
            ...{ name: 'one', preprocessing: 'minus-one-to-one', dropout: 0, weights: { kind: 'random' } },
            ...{ initializes: 'all', features: null, testTimeAugmentation: false },
            backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
            stages: [{ ...stage, ...changes }],
          },
          ...{ pinnedTo: null, featuresTask: null, trainings: [] },
        },
      ],
    },
  };
  const line = planSummary(plan)
    .split('\n')
    .find((one) => one.includes('fine-tune'))!;
  return line.trim().split(/ {2,}/);
}

test.each<[string, Partial<PlannedStage>, string[]]>([
  ['what is off', {}, ['0.00001', 'adam', '32', 'none']],
  [
    'a schedule, layer-wise rates and averages',
    {
      learningRate: { kind: 'cosine', value: 1e-4, warmUp: 0.1, endFactor: 0 },
      optimizer: { kind: 'adam', weightDecay: 0.05, layerDecay: 0.75, emaMomentum: 0.99 },
    },
    ['0.0001, cosine', 'adam, weight decay 0.05, layer decay 0.75, EMA 0.99', '32', 'none'],
  ],
  [
    'SGD, clipping and passes over parts of a batch',
    {
      optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0, clipNorm: 1 },
      batchSize: 64,
      microBatchSize: 16,
    },
    ['0.00001', 'sgd, Nesterov momentum 0.9, clip norm 1', '64, 16 at once', 'none'],
  ],
  ['flips', { augmentation: { kind: 'flip' } }, ['0.00001', 'adam', '32', 'flip']],
  [
    'cached copies',
    { augmentation: { kind: 'flip' }, cachedCopies: { count: 4, augmentation: rotated } },
    ['0.00001', 'adam', '32', 'flip; 4 cached copies: flip, rotation 5°'],
  ],
  [
    'what the augmentation changes',
    {
      augmentation: {
        ...{ kind: 'random', flip: true, cropArea: 0.7, cropRatio: 1, rotation: 5, shear: 0 },
        ...{
          brightness: 0,
          contrast: 0,
          saturation: 0,
          hue: 0,
          gray: 0.1,
          blur: 0,
          erase: 0,
          mixup: 0.2,
          cutmix: 1,
          policy: { kind: 'trivial' },
        },
      },
    },
    ['0.00001', 'adam', '32', 'flip, crop 0.7, rotation 5°, colors, TrivialAugment, mixup 0.2, cutmix 1'],
  ],
])('a stage lists %s', (_, changes, expected) => {
  expect(cellsOf(changes)).toEqual([
    ...['one', 'fine-tune', 'last 30 layers', '8 at most, patience 3'],
    ...expected,
    'float32',
  ]);
});

test.each<[Partial<PlannedStage>, string[]]>([
  [{ trains: { lastBlocks: 1 }, epochCount: 1 }, ['last block', '1 at most, patience 3']],
  [{ trains: { lastBlocks: 8 } }, ['last 8 blocks', '8 at most, patience 3']],
  [
    { trains: 'all', stopping: { keeps: 'soup', mostEpochs: 5, patience: 4, startCounts: true } },
    ['all', '8 at most, patience 4, soup of up to 5'],
  ],
  [{ stopping: { keeps: 'last' } }, ['last 30 layers', '8']],
])('a stage says what trains and how long: %j', (changes, expected) => {
  expect(cellsOf(changes).slice(2, 4)).toEqual(expected);
});
