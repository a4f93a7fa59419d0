import { foldName } from '@chorus/data';
import { backboneTable } from '@chorus/models';
import type { InitialWeights, StagePlan } from '@chorus/training';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type PresetName, presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { type ExperimentInput, modelsOf } from '../experiment/schema.ts';
import { expectedFacts } from './dataset-facts.ts';
import { planTraining, taskNames } from './plan-training.ts';

const file: InitialWeights = { kind: 'file', path: '/weights/a.h5', sha256: 'a'.repeat(64) };
const random: InitialWeights = { kind: 'random' };
const two: ExperimentInput['members'] = [
  { name: 'one', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'two', backbone: 'xception', inputSize: 96, worker: 1 },
];

function planOf(
  changes: Partial<ExperimentInput>,
  weights: InitialWeights = file,
  images = { trainingCount: 1000, testCount: 200 },
) {
  const experiment = resolveExperiment({ members: two }, changes);
  return planTraining(
    experiment,
    expectedFacts(experiment, images),
    modelsOf(experiment).map(() => weights),
  );
}

const stagesOf = (changes: Partial<ExperimentInput>, weights: InitialWeights = file): StagePlan[] =>
  planOf(changes, weights).members[0]!.plan.stages;

const frozen = { fineTune: { lastLayers: 0 as const } };
const folds = { kind: 'kfold' as const, folds: 3, members: 'refit' as const };

describe('stages', () => {
  test.each<[string, Partial<ExperimentInput>, InitialWeights, Partial<StagePlan>[]]>([
    [
      'pre-trained: the head, then all layers',
      {},
      file,
      [
        {
          name: 'head',
          trains: 'head',
          batchNorm: 'moving',
          stopping: { keeps: 'best', patience: 10, startCounts: true },
        },
        { name: 'fine-tune', trains: 'all', batchNorm: 'moving', recalibratesBatchNorm: false },
      ],
    ],
    [
      'the last layers',
      { recipe: { fineTune: { lastLayers: 30, learningRate: 2e-5 } } },
      file,
      [{ name: 'head' }, { trains: { lastLayers: 30 }, learningRate: { kind: 'constant', value: 2e-5 } }],
    ],
    ['a frozen backbone', { recipe: frozen }, file, [{ name: 'head' }]],
    [
      'random weights: all layers from the first step, with batch statistics',
      {},
      random,
      [
        {
          name: 'whole',
          trains: 'all',
          batchNorm: 'batch',
          recalibratesBatchNorm: true,
          stopping: { keeps: 'best', patience: 8, startCounts: false },
        },
      ],
    ],
    [
      'the flaw of training all layers from the start: moving statistics are not recalibrated',
      { flaws: { wholeFromStart: true } },
      file,
      [{ name: 'whole', batchNorm: 'batch', recalibratesBatchNorm: false }],
    ],
    [
      'the flaw of the last epoch',
      { flaws: { lastEpoch: true }, recipe: frozen },
      file,
      [{ stopping: { keeps: 'last' } }],
    ],
    [
      'the flaw of whole batches',
      { flaws: { wholeBatchesOnly: true }, recipe: frozen },
      file,
      [{ wholeBatchesOnly: true }],
    ],
    [
      'the loss',
      { recipe: { ...frozen, labelSmoothing: 0.1 }, flaws: { fromLogitsOnSigmoid: 'probabilities' } },
      file,
      [{ loss: { labelSmoothing: 0.1, fromLogitsOnSigmoid: 'probabilities' } }],
    ],
    ['no flips', { recipe: { ...frozen, augmentation: 'none' } }, file, [{ augmentation: { kind: 'none' } }]],
    ['flips', { recipe: frozen }, file, [{ augmentation: { kind: 'flip' } }]],
    [
      'more augmentation where all layers train',
      { recipe: { augmentation: 'light' } },
      file,
      [
        { augmentation: { kind: 'flip' } },
        { augmentation: expect.objectContaining({ kind: 'random', flip: true, cropArea: 0.7 }) },
      ],
    ],
    [
      'more augmentation of random weights',
      { recipe: { augmentation: { rotation: 20, flip: false } } },
      random,
      [{ augmentation: expect.objectContaining({ kind: 'random', flip: false, rotation: 20, cropArea: 1 }) }],
    ],
    [
      'only flips where layers are frozen',
      { recipe: { augmentation: 'heavy', fineTune: { lastLayers: 20 } } },
      file,
      [{ augmentation: { kind: 'flip' } }, { augmentation: { kind: 'flip' } }],
    ],
    [
      'no flips where layers are frozen and the augmentation has none',
      { recipe: { ...frozen, augmentation: { rotation: 20, flip: false } } },
      file,
      [{ augmentation: { kind: 'none' } }],
    ],
    [
      'cached copies where layers are frozen, which mix no images',
      { recipe: { augmentation: 'heavy', cachedCopies: 4, fineTune: { lastLayers: 20 } } },
      file,
      [
        {
          augmentation: { kind: 'flip' },
          cachedCopies: { count: 4, augmentation: expect.objectContaining({ kind: 'random', rotation: 20, mixup: 0 }) },
        },
        { augmentation: { kind: 'flip' }, cachedCopies: { count: 4, augmentation: expect.any(Object) } },
      ],
    ],
    [
      'no more cached copies than a stage has further epochs',
      {
        recipe: {
          ...{ augmentation: 'light', cachedCopies: 4, head: { epochCount: 3 } },
          fineTune: { lastLayers: 9, epochCount: 1 },
        },
      },
      file,
      [{ cachedCopies: expect.objectContaining({ count: 2 }) }, { augmentation: { kind: 'flip' } }],
    ],
    [
      'gradual unfreezing: one epoch each, with the augmentation in the step',
      { recipe: { augmentation: 'light', fineTune: { unfreeze: 'gradual', epochCount: 7 } } },
      file,
      [
        { name: 'head', epochCount: 100 },
        { name: 'unfreeze-1', trains: { lastBlocks: 1 }, epochCount: 1, batchNorm: 'moving' },
        { name: 'unfreeze-2', trains: { lastBlocks: 2 }, augmentation: expect.objectContaining({ kind: 'random' }) },
        { name: 'unfreeze-4', trains: { lastBlocks: 4 }, epochCount: 1 },
        { name: 'fine-tune', trains: 'all', epochCount: 4 },
      ],
    ],
    [
      'a soup in one stage',
      { recipe: { fineTune: { soup: 5, patience: 6 } } },
      file,
      [
        { stopping: { keeps: 'best', patience: 10, startCounts: true } },
        { stopping: { keeps: 'soup', mostEpochs: 5, patience: 6, startCounts: true } },
      ],
    ],
    [
      'weight decay',
      { recipe: { ...frozen, head: { weightDecay: 0.05 } } },
      file,
      [{ optimizer: { kind: 'adam', weightDecay: 0.05 } }],
    ],
    [
      'layer-wise rates, which the head alone does not need',
      { recipe: { fineTune: { layerDecay: 0.75 } } },
      file,
      [
        { name: 'head', optimizer: { kind: 'adam', weightDecay: 0 } },
        { name: 'fine-tune', optimizer: { kind: 'adam', weightDecay: 0, layerDecay: 0.75 } },
      ],
    ],
    [
      'layer-wise rates from the first step',
      { recipe: { whole: { layerDecay: 0.5 } } },
      random,
      [{ optimizer: { kind: 'adam', weightDecay: 0, layerDecay: 0.5 } }],
    ],
    [
      'SGD in one stage',
      { recipe: { head: { optimizer: { kind: 'sgd', nesterov: true } } } },
      file,
      [
        { optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0 } },
        { optimizer: { kind: 'adam', weightDecay: 0 } },
      ],
    ],
    [
      'clipped gradients',
      { recipe: { ...frozen, head: { clipNorm: 1 } } },
      file,
      [{ optimizer: { kind: 'adam', weightDecay: 0, clipNorm: 1 } }],
    ],
    [
      'averaged weights',
      { recipe: { fineTune: { emaMomentum: 0.99 } } },
      file,
      [
        { optimizer: { kind: 'adam', weightDecay: 0 } },
        { optimizer: { kind: 'adam', weightDecay: 0, emaMomentum: 0.99 } },
      ],
    ],
    [
      'passes over parts of a batch',
      { recipe: { ...frozen, microBatchSize: 8 } },
      file,
      [{ batchSize: 32, microBatchSize: 8 }],
    ],
    [
      'a schedule per stage, with its defaults',
      {
        recipe: {
          head: { schedule: { kind: 'one-cycle', endFactor: 0 } },
          fineTune: { learningRate: 1e-4, schedule: { kind: 'cosine' } },
        },
      },
      file,
      [
        { learningRate: { kind: 'one-cycle', value: 1e-3, warmUp: 0.3, startFactor: 0.04, endFactor: 0 } },
        { learningRate: { kind: 'cosine', value: 1e-4, warmUp: 0.1, endFactor: 0 } },
      ],
    ],
  ])('%s', (_, changes, weights, expected) => {
    const stages = stagesOf(changes, weights);
    expect(stages).toHaveLength(expected.length);
    expect(stages).toMatchObject(expected);
  });

  it('omits what is off, so that runs of earlier versions can be resumed', () => {
    for (const { optimizer, learningRate, ...stage } of [...stagesOf({}), ...stagesOf({}, random)]) {
      expect(stage).not.toHaveProperty('microBatchSize');
      expect(stage).not.toHaveProperty('cachedCopies');
      expect(optimizer).toEqual({ kind: 'adam', weightDecay: 0 });
      expect(learningRate).toEqual({ kind: 'constant', value: learningRate.value });
    }
  });

  it.each([
    ['float32', ['float32', 'float32']],
    ['bfloat16', ['float32', 'bfloat16']],
  ] as const)('computes the head in float32 where the rest is %s', (precision, expected) => {
    expect(stagesOf({ runtime: { precision } }).map((stage) => stage.precision)).toEqual(expected);
  });
});

it("uses the weights' preprocessing, unless a flaw changes it", () => {
  const preprocessingOf = (changes: Partial<ExperimentInput>) => planOf(changes).members[0]!.plan.preprocessing;
  expect(preprocessingOf({})).toBe(backboneTable.mobilenet.preprocessing.name);
  expect(preprocessingOf({ flaws: { rawBgr: true } })).toBe('raw-bgr');
});

describe('shared features', () => {
  test.each<[string, Partial<ExperimentInput>, InitialWeights, number, object | null]>([
    ['a hold-out has one training', {}, file, 1000, null],
    ['folds of a frozen backbone', { stacking: folds, recipe: frozen }, file, 1000, { rowsPerImage: 2, predict: true }],
    ['folds that fine-tune', { stacking: folds }, file, 1000, { rowsPerImage: 2, predict: false }],
    [
      'no mirror images',
      { stacking: folds, recipe: { ...frozen, augmentation: 'none' }, testTimeAugmentation: false },
      file,
      1000,
      { rowsPerImage: 1, predict: true },
    ],
    [
      'mirror images for predictions only',
      { stacking: folds, recipe: { augmentation: 'none' } },
      file,
      1000,
      { rowsPerImage: 2 },
    ],
    [
      'crops for predictions',
      { stacking: folds, recipe: { ...frozen, augmentation: 'none' }, testTimeAugmentation: 'five-crops' },
      file,
      1000,
      { rowsPerImage: 12, crops: 'five-crops', predict: true },
    ],
    [
      'all views to choose from',
      { stacking: folds, recipe: frozen, testTimeAugmentation: 'auto' },
      file,
      1000,
      { rowsPerImage: 14, crops: 'auto', predict: true },
    ],
    [
      'a hold-out whose features are stacked',
      { recipe: frozen, stackers: { kinds: ['mean', 'features'] } },
      file,
      1000,
      { rowsPerImage: 2, predict: true },
    ],
    ['a hold-out that fine-tunes', { stackers: { kinds: ['mean', 'features'] } }, file, 1000, null],
    [
      'cached copies',
      { stacking: folds, recipe: { ...frozen, augmentation: 'light', cachedCopies: 3 } },
      file,
      1000,
      { rowsPerImage: 2, cachedCopies: { count: 3 } },
    ],
    ['random weights', { stacking: folds }, random, 1000, null],
    ['all layers from the start', { stacking: folds, flaws: { wholeFromStart: true } }, file, 1000, null],
    ['features that exceed the budget', { stacking: folds }, file, 1e6, null],
  ])('%s', (_, changes, weights, trainingCount, expected) => {
    const { plan, featuresTask } = planOf(changes, weights, { trainingCount, testCount: 0 }).members[0]!;
    if (expected === null) expect(plan.features).toBeNull();
    else expect(plan.features).toMatchObject(expected);
    expect(featuresTask === null).toBe(expected === null);
  });
});

describe('trainings', () => {
  test.each<[string, Partial<ExperimentInput>, [string, boolean][]]>([
    ['a hold-out', {}, [['one', true]]],
    ['training images', { stacking: { kind: 'training-images' } }, [['one', true]]],
    [
      'folds, refitted: only the model of all images is kept',
      { stacking: { ...folds, folds: 2 } },
      [
        ['one/fold-1', false],
        ['one/fold-2', false],
        ['one/all', true],
      ],
    ],
    [
      'folds, averaged: all are kept',
      { stacking: { ...folds, folds: 2, members: 'average' } },
      [
        ['one/fold-1', true],
        ['one/fold-2', true],
      ],
    ],
  ])('%s', (_, changes, expected) => {
    const { trainings } = planOf(changes).members[0]!;
    expect(trainings.map(({ name, keepsWeights }) => [name, keepsWeights])).toEqual(expected);
  });

  it('keeps the seeds of a member when others are added or reordered', () => {
    const seeds = (members: ExperimentInput['members']) =>
      new Map(planOf({ members, stacking: folds }).members.map(({ plan, trainings }) => [plan.name, trainings]));
    const [before, after] = [seeds(two), seeds([{ name: 'new', backbone: 'mobilenet' }, two[1]!, two[0]!])];
    for (const { name } of two)
      expect(after.get(name)!.map(({ seed }) => seed)).toEqual(before.get(name)!.map(({ seed }) => seed));
  });

  it('pins a member to its worker', () =>
    expect(planOf({}).members.map(({ pinnedTo }) => pinnedTo)).toEqual([null, 1]));

  it('names all tasks in the order of the members, features first', () => {
    expect(taskNames(planOf({ stacking: { ...folds, folds: 2, members: 'average' } }))).toEqual([
      ...['one/features', 'one/fold-1', 'one/fold-2'],
      ...['two/features', 'two/fold-1', 'two/fold-2'],
    ]);
  });
});

describe('a student', () => {
  const student = { backbone: 'mobilenet-v2', inputSize: 64, temperature: 2, labelShare: 0.5 } as const;

  it('is not planned by default, and a member may have its name', () => {
    expect(planOf({ stacking: folds })).not.toHaveProperty('student');
    const members = [{ ...two[0]!, name: 'student' }, two[1]!];
    expect(planOf({ members }).members[0]!.plan.features).toBeNull();
  });

  it('trains once on all images, with another loss and the recipe of the members', () => {
    const { members, student: planned } = planOf({ stacking: folds, student });
    const { plan, trainings } = planned!;
    expect(plan).toMatchObject({ name: 'student', backbone: { family: 'mobilenet-v2', inputSize: 64 }, weights: file });
    expect(trainings).toMatchObject([{ name: 'student', fold: { kind: 'all' }, outOfFold: 0, keepsWeights: true }]);
    expect(trainings[0]!.fit + trainings[0]!.tune).toBeCloseTo(1000, 3);
    const distillation = { temperature: 2, labelShare: 0.5 };
    for (const [index, { loss, ...stage }] of plan.stages.entries()) {
      const { loss: ofMember, ...others } = members[0]!.plan.stages[index]!;
      expect({ stage, loss }).toEqual({ stage: others, loss: { ...ofMember, distillation } });
    }
  });

  it('may have a recipe of its own, and shares the features of a frozen backbone among the lanes', () => {
    const plan = planOf({ stacking: folds, student: { ...student, recipe: { ...frozen, batchSize: 8 } } });
    expect(plan.student!.plan.stages.map(({ name, batchSize }) => [name, batchSize])).toEqual([['head', 8]]);
    expect(plan.members[0]!.plan.stages.map(({ batchSize }) => batchSize)).toEqual([32, 32]);
    expect(plan.student!.plan.features).toEqual({ rowsPerImage: 2, predict: true });
    expect(taskNames(plan).slice(-2)).toEqual(['student/features', 'student']);
  });
});

describe('every preset', () => {
  const names = Object.keys(presets) as PresetName[];
  const anyImages = { trainingCount: fc.nat(1e6), testCount: fc.nat(1e6) };

  it('gives a deterministic plan of plain data whose folds cover the training images', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(file, random),
        fc.record(anyImages),
        (name, weights, images) => {
          const plan = planOf(presets[name].experiment, weights, images);
          expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
          expect(planOf(presets[name].experiment, weights, images)).toEqual(plan);
          for (const { trainings } of plan.members)
            for (const { fold, fit, tune, outOfFold } of trainings) {
              const covered = fit + tune + (foldName(fold) === 'all' ? 0 : outOfFold);
              expect(covered).toBeCloseTo(images.trainingCount, 3);
            }
        },
      ),
    );
  });
});
