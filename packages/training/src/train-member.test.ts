import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPixelStore, PixelStore } from '@chorus/data';
import { ModelError, memberFromBytes, positionsOf, streamSeed, viewsOf } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import { StorageError, sha256 } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unchanged } from './augment/settings.ts';
import type { CachedCopies, DrawnCopies } from './cached-copies.ts';
import { computeFeatures } from './compute-features.ts';
import { computeIn, publishImages } from './engines.fixture.ts';
import { StoppedError, TrainingError } from './errors.ts';
import { rowCountOf } from './front-rows.ts';
import { type ImageFunction, prepareImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { KeptModels } from './kept-models.ts';
import type { LaneContext } from './lane-context.ts';
import { readMember } from './member-folder.ts';
import type { MemberPlan, PlannedViews, StagePlan, Stopping } from './plan.ts';
import { meanOfViews, predictImages } from './predict-images.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { EpochDetails, EpochMetrics, FeaturesTask, LaneObserver, TrainTask } from './protocol.ts';
import { headStageOf, imageRange, slimMember, wholeStage } from './slim-training.fixture.ts';
import { StopFlag } from './stop-flag.ts';
import { trainMember } from './train-member.ts';
import { rowsOfViews, viewCandidates, viewsToPredict } from './views.ts';
import { weightHistogram } from './weight-histogram.ts';

const size = slimMember.backbone.inputSize;
const imageCount = 16;
const pixels = createPixelStore(imageCount, size);
const labels = new SharedArrayBuffer(imageCount * Int32Array.BYTES_PER_ELEMENT);
/** Images 14 and 15 are test images. */
const images = { fit: imageRange(0, 8), tune: imageRange(8, 10), outOfFold: imageRange(10, 14) };

/** Not on every machine. */
const publishedWeights = fileURLToPath(
  new URL('../../../../shared/data/pretrained/mobilenet_2_5_128_tf_no_top.h5', import.meta.url),
);

let parent: string;
let runtime: ReturnType<typeof initRuntime>;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-train-member-'));
  runtime = initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  publishImages(pixels);
  for (let image = 0; image < imageCount; image += 1) new Int32Array(labels)[image] = image % 2;
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const stage = wholeStage;
const headStage: StagePlan = { ...headStageOf(stage), epochCount: 2 };
const member: MemberPlan = { ...slimMember, stages: [headStage] };

async function taskOf(plan: Partial<MemberPlan> = {}, changes: Partial<TrainTask> = {}): Promise<TrainTask> {
  return {
    ...{ kind: 'train', name: 'slim', fold: { kind: 'holdout' }, seed: 7, classes: ['a', 'b'], keepsWeights: true },
    ...{ pixels, labels, reads: new SharedArrayBuffer(imageCount), ...images },
    folder: join(await mkdtemp(join(parent, 'run-')), 'slim'),
    ...changes,
    member: { ...member, ...plan },
  };
}

/** A lane in this thread, and its reports. */
function lane(
  changes: Partial<LaneObserver> = {},
  stop = new StopFlag(),
  compute: ComputeSettings = computeIn.tensorflow,
) {
  const stages: string[] = [];
  const batches: string[] = [];
  const epochs: EpochMetrics[] = [];
  const observer: LaneObserver = {
    onStage: (task, name) => stages.push(`${task} ${name}`),
    onBatch: (task, { stage: of, epochIndex, stepIndex, stepCount }) =>
      batches.push(`${task} ${of} ${epochIndex}: ${stepIndex}/${stepCount}`),
    onEpoch: (epoch) => epochs.push(epoch),
    onWarning: () => {},
    onContinue: () => {},
    ...changes,
  };
  const models = new KeptModels<ImageFunction>();
  const context = { ...runtime, observer, stop, compute, models } satisfies LaneContext;
  return { context, stages, batches, epochs };
}

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((one, index) => Math.abs(one - b[index]!)));

const readImages = ({ reads }: Pick<TrainTask, 'reads'>) =>
  [...new Uint8Array(reads).entries()].filter(([, read]) => read === 1).map(([image]) => image);

describe('trainMember with a teacher', () => {
  const probabilities = new SharedArrayBuffer(imageCount * 2 * Float32Array.BYTES_PER_ELEMENT);
  // The teacher knows better than the labels.
  new Float32Array(probabilities).set(Array.from({ length: imageCount }, () => [0.1, 0.9]).flat());
  const teacher = { probabilities, sha256: 'a'.repeat(64) };
  const distilled = (labelShare: number, changes: Partial<StagePlan> = {}): StagePlan => ({
    ...headStage,
    ...{ epochCount: 30, learningRate: { kind: 'constant', value: 0.2 }, stopping: { keeps: 'last' } },
    loss: { ...headStage.loss, distillation: { temperature: 2, labelShare } },
    ...changes,
  });
  const trainedWith = async (plan: StagePlan, compute: ComputeSettings = computeIn.tensorflow) => {
    const { context, epochs } = lane({}, new StopFlag(), compute);
    const { outOfFoldLogits, record } = await trainMember(await taskOf({ stages: [plan] }, { teacher }), context);
    return { losses: epochs.map(({ loss }) => loss), logits: [...outOfFoldLogits], record };
  };

  it('learns its probabilities, or the labels with a share of 1', async () => {
    const { logits, losses, record } = await trainedWith(distilled(0));
    // At temperature 2, a probability of 0.9 is a logit of 2 log 9.
    const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    expect(Math.abs(mean(logits) - 2 * Math.log(9))).toBeLessThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(record.plan).toMatchObject({ teacher: teacher.sha256 });
    const ofLabels = await trainedWith(distilled(1));
    expect(Math.abs(mean(ofLabels.logits))).toBeLessThan(1);
  });

  it('gives the same losses compiled, and in several passes', async () => {
    const plain = await trainedWith(distilled(0.5, { epochCount: 2 }));
    const compiled = await trainedWith(distilled(0.5, { epochCount: 2 }), { ...computeIn.tensorflow, compile: true });
    const passes = await trainedWith(distilled(0.5, { epochCount: 2, microBatchSize: 3 }));
    for (const [epoch, loss] of plain.losses.entries()) {
      expect(compiled.losses[epoch]).toBeCloseTo(loss, 4);
      expect(passes.losses[epoch]).toBeCloseTo(loss, 4);
    }
  });
});

describe('trainMember with classes of unequal size', () => {
  // Six images of class a and two of class b to train on, and as many of both to tune.
  const unequal = new SharedArrayBuffer(labels.byteLength);
  new Int32Array(unequal).set([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1]);
  const lossesOf = async (plan: Partial<StagePlan>, compute: ComputeSettings = computeIn.tensorflow) => {
    const { context, epochs } = lane({}, new StopFlag(), compute);
    await trainMember(await taskOf({ stages: [{ ...headStage, ...plan }] }, { labels: unequal }), context);
    return epochs.map(({ loss, tuneLoss }) => [loss, tuneLoss]);
  };
  const { loss } = headStage;

  it.each<[string, Partial<StagePlan>]>([
    ['class weights', { loss: { ...loss, classWeights: [2 / 3, 2] } }],
    ['the focal loss', { loss: { ...loss, classWeights: [2 / 3, 2], focalGamma: 2 } }],
    ['logit adjustment', { loss: { ...loss, logitOffsets: [Math.log(0.75), Math.log(0.25)] } }],
    ['balanced sampling', { sampling: 'balanced' }],
  ])('trains differently with %s, the same op by op, compiled and in several passes', async (_, plan) => {
    const compiled = await lossesOf(plan);
    expect(compiled.flat()).toHaveLength(4);
    expect(compiled).not.toEqual(await lossesOf({}));
    const eager = await lossesOf(plan, { ...computeIn.tensorflow, compile: false });
    expect(largestDifference(eager.flat(), compiled.flat())).toBeLessThan(1e-5);
    expect(largestDifference((await lossesOf({ ...plan, microBatchSize: 2 })).flat(), compiled.flat())).toBeLessThan(
      1e-5,
    );
  });

  it('stops by the mean of the classes’ losses on tune', async () => {
    const skewed = new SharedArrayBuffer(labels.byteLength);
    new Int32Array(skewed).set([0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1]);
    const tuneLossOf = async (plan: Partial<StagePlan>, tune: Uint32Array) => {
      const { context, epochs } = lane();
      const stages = [{ ...headStage, ...plan, epochCount: 1 }];
      await trainMember(await taskOf({ stages }, { labels: skewed, tune, outOfFold: imageRange(11, 14) }), context);
      return epochs[0]!.tuneLoss;
    };
    const ofClasses = [await tuneLossOf({}, imageRange(8, 10)), await tuneLossOf({}, imageRange(10, 11))];
    const balanced = await tuneLossOf({ tuneLoss: 'balanced' }, imageRange(8, 11));
    expect(balanced).toBeCloseTo((ofClasses[0]! + ofClasses[1]!) / 2, 5);
    expect(await tuneLossOf({}, imageRange(8, 11))).toBeCloseTo((2 * ofClasses[0]! + ofClasses[1]!) / 3, 5);
  });
});

describe('trainMember with details of each epoch', () => {
  const augmented: StagePlan = {
    ...headStage,
    augmentation: { kind: 'random', ...unchanged, flip: true, cropArea: 0.5, brightness: 0.3 },
  };

  async function detailsOf(plan: StagePlan, changes: Partial<TrainTask> = { reportsDetails: true }) {
    const reports: { epoch: EpochMetrics; details: EpochDetails | undefined }[] = [];
    const { context } = lane({ onEpoch: (epoch, details) => reports.push({ epoch, details }) });
    const task = await taskOf({ stages: [plan] }, changes);
    await trainMember(task, context);
    return { reports, folder: task.folder };
  }

  it('describes the weights that train, as the best epoch leaves them', async () => {
    const { reports, folder } = await detailsOf({ ...stage, epochCount: 2 });
    const { weights } = reports.findLast(({ epoch }) => epoch.best)!.details!;
    const published = await readMember(folder);
    const classifier = memberFromBytes(published.manifest, published.weights!);
    for (const { name, ...histogram } of weights) {
      const { variable } = classifier.weights.find((one) => `${one.layerName}/${one.weightName}` === name)!;
      expect(weightHistogram(name, variable.dataSync() as Float32Array)).toEqual({ name, ...histogram });
    }
    expect(weights.map(({ name }) => name)).toEqual(
      classifier.weights.flatMap(({ layerName, weightName }) =>
        // BatchNorm's statistics are no weights to train.
        weightName.startsWith('moving_') ? [] : [`${layerName}/${weightName}`],
      ),
    );
    classifier.dispose();
    expect(reports[0]!.details!.weights).not.toEqual(reports[1]!.details!.weights);
  });

  it('leaves out frozen weights', async () => {
    const [first] = (await detailsOf(headStage)).reports;
    expect(first!.details!.weights.map(({ name }) => name)).toEqual(['head/kernel', 'head/bias']);
  });

  it('counts the tuning images by class, as their accuracy does', async () => {
    for (const { epoch, details } of (await detailsOf(headStage)).reports) {
      const [[a, b], [c, d]] = details!.confusion as [[number, number], [number, number]];
      // One tuning image of each class.
      expect([a + b, c + d]).toEqual([1, 1]);
      expect((a + d) / 2).toBe(epoch.tuneAccuracy);
    }
  });

  it('shows images as they are, then augmented, in the first epoch of a stage that augments', async () => {
    const [first, second] = (await detailsOf(augmented)).reports;
    const { size: side, rowCount, columns } = first!.details!.augmented!;
    expect([side, rowCount, columns.length]).toEqual([size, 6, 3]);
    const imageBytes = size * size * 3;
    const store = new PixelStore(pixels);
    // Six of the eight images 0 to 7.
    const chosen = [0, 1, 2, 4, 5, 6].flatMap((image) => [...store.pixels(image)]);
    expect([...columns[0]!]).toEqual(chosen);
    for (const column of columns) expect(column).toHaveLength(6 * imageBytes);
    expect(columns[1]).not.toEqual(columns[0]);
    expect(columns[2]).not.toEqual(columns[1]);
    expect(second!.details!.augmented).toBeUndefined();
    const [still] = (await detailsOf({ ...headStage, augmentation: { kind: 'none' } })).reports;
    expect(still!.details!.augmented).toBeUndefined();
  });

  it('changes no number, and reports none unless the task asks for it', async () => {
    const before = tf.memory().numTensors;
    const [asked, plain] = [await detailsOf(augmented), await detailsOf(augmented, {})];
    expect(tf.memory().numTensors).toBe(before);
    expect(plain.reports.map(({ details }) => details)).toEqual([undefined, undefined]);
    const numbersOf = ({ reports }: typeof asked) => reports.map(({ epoch: { loss, tuneLoss } }) => [loss, tuneLoss]);
    expect(numbersOf(asked)).toEqual(numbersOf(plain));
    const weightsIn = async ({ folder }: typeof asked) => sha256(await readFile(join(folder, 'weights.bin')));
    expect(await weightsIn(asked)).toBe(await weightsIn(plain));
  });
});

describe('trainMember with augmentation in the training step', () => {
  const rotated: StagePlan = {
    ...stage,
    epochCount: 2,
    augmentation: { kind: 'random', ...unchanged, flip: true, cropArea: 0.5, rotation: 30, brightness: 0.3 },
  };
  const lossesOf = async (plan: StagePlan, compute: ComputeSettings = computeIn.tensorflow) => {
    const { context, epochs } = lane({}, new StopFlag(), compute);
    const { outOfFoldLogits } = await trainMember(await taskOf({ stages: [plan] }), context);
    return { losses: epochs.map(({ loss }) => loss), logits: outOfFoldLogits };
  };

  it('gives bit-equal results twice in a row, which differ from those without', async () => {
    const before = tf.memory().numTensors;
    const first = await lossesOf(rotated);
    expect(await lossesOf(rotated)).toEqual(first);
    expect((await lossesOf({ ...rotated, augmentation: { kind: 'flip' } })).losses).not.toEqual(first.losses);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same losses compiled', async () => {
    const plain = await lossesOf(rotated);
    const compiled = await lossesOf(rotated, { ...computeIn.tensorflow, compile: true });
    for (const [epoch, loss] of plain.losses.entries()) expect(compiled.losses[epoch]).toBeCloseTo(loss, 4);
  });

  it('mixes images and labels, also in a batch of several passes', async () => {
    const mixed: StagePlan = {
      ...rotated,
      augmentation: { kind: 'random', ...unchanged, mixup: 1, cutmix: 1, erase: 0.5 },
    };
    const first = await lossesOf(mixed);
    expect(await lossesOf(mixed)).toEqual(first);
    expect(first.losses).not.toEqual((await lossesOf(rotated)).losses);
    expect((await lossesOf({ ...mixed, microBatchSize: 3 })).losses.every(Number.isFinite)).toBe(true);
  });

  it('augments each image alike in a batch of several passes', async () => {
    // With the moving statistics, images do not depend on each other.
    const moving = { ...rotated, batchNorm: 'moving' as const, epochCount: 1 };
    const [whole, divided] = [await lossesOf(moving), await lossesOf({ ...moving, microBatchSize: 3 })];
    expect(divided.losses[0]).toBeCloseTo(whole.losses[0]!, 5);
  });

  it('runs frozen layers in each step, compiled or not', async () => {
    const unfreeze = { ...rotated, name: 'unfreeze-2', trains: { lastBlocks: 2 }, batchNorm: 'moving' } as const;
    const plan: StagePlan = { ...unfreeze, recalibratesBatchNorm: false };
    const first = await lossesOf(plan);
    expect(await lossesOf(plan)).toEqual(first);
    expect((await lossesOf({ ...plan, augmentation: { kind: 'flip' } })).losses).not.toEqual(first.losses);
    const compiled = await lossesOf(plan, { ...computeIn.tensorflow, compile: true });
    for (const [epoch, loss] of first.losses.entries()) expect(compiled.losses[epoch]).toBeCloseTo(loss, 4);
  });

  it('refuses to augment features that folds share', async () => {
    const { context } = lane();
    const features = {
      indices: imageRange(0, 14),
      rowsPerImage: 1,
      rows: new SharedArrayBuffer(14 * 256 * 4),
    } as const;
    const task = await taskOf({ stages: [{ ...headStage, augmentation: rotated.augmentation }] }, { features });
    await expect(trainMember(task, context)).rejects.toThrow(/cannot augment the activations of/);
  });
});

describe('trainMember', () => {
  it('publishes a folder whose model predicts the returned logits, and reads only images of its fold', async () => {
    const before = tf.memory().numTensors;
    const task = await taskOf({ stages: [stage], testTimeAugmentation: true });
    const { context, stages, batches, epochs } = lane();
    const trained = await trainMember(task, context);
    expect(tf.memory().numTensors).toBe(before);
    expect(readImages(task)).toEqual([...imageRange(0, 14)]);
    expect(stages).toEqual(['slim features', 'slim whole', 'slim predict']);
    expect(batches).toEqual(['slim whole 0: 0/2', 'slim whole 0: 1/2']);
    expect(epochs).toMatchObject([
      {
        ...{ task: 'slim', member: 'slim', fold: { kind: 'holdout' }, device: 'cpu:0', stage: 'whole' },
        ...{ epochIndex: 0, stepCount: 2, learningRate: 1e-3, best: true, compiled: null },
      },
    ]);
    expect(trained.record).toMatchObject({
      ...{ device: 'cpu:0', backingDevice: '/job:localhost/replica:0/task:0/device:CPU:0', precision: 'float32' },
      ...{ recipe: 'whole', weights: { source: 'random', sha256: null } },
    });

    const { weights, ...published } = await readMember(task.folder);
    expect(published).toEqual(trained);
    const classifier = memberFromBytes(published.manifest, weights!);
    const prepared = await prepareImageFunction(classifier, { output: 'logits', rowCount: 8 }, computeIn.tensorflow);
    const options = { width: 1, views: viewsOf(true), stop: new StopFlag() };
    const reader = new ImageReader(pixels, task.reads);
    const logits = await predictImages(prepared, reader, images.outOfFold, options);
    await prepared.dispose();
    classifier.dispose();
    expect(trained.outOfFoldLogits).toEqual(logits);
    expect(new Set(logits).size).toBe(4);
  });

  it('keeps the logits of all views if the run chooses which to average: those of each kind alone', async () => {
    const task = await taskOf({ testTimeAugmentation: 'auto' });
    const trained = await trainMember(task, lane().context);
    const { weights: _, ...published } = await readMember(task.folder);
    expect(published).toEqual(trained);
    const views = viewsToPredict('auto');
    expect(trained.outOfFoldViews).toHaveLength(4 * views.length);
    for (const kind of viewCandidates) {
      const alone = await trainMember(await taskOf({ testTimeAugmentation: kind }), lane().context);
      expect(alone.outOfFoldViews).toBeUndefined();
      const positions = positionsOf(viewsOf(kind), views);
      const mean = meanOfViews(trained.outOfFoldViews!, { width: 1, viewsPerImage: views.length, positions });
      for (const [row, logit] of mean.entries())
        expect(Math.abs(logit - alone.outOfFoldLogits[row]!)).toBeLessThan(1e-5);
      if (kind === true) expect(trained.outOfFoldLogits).toEqual(mean);
    }
  });

  it('does not publish weights that are not used later', async () => {
    const task = await taskOf({}, { keepsWeights: false });
    const trained = await trainMember(task, lane().context);
    expect((await readdir(task.folder)).toSorted()).toEqual(['SHA256SUMS', 'member.json', 'out-of-fold.f32']);
    expect(await readMember(task.folder)).toEqual({ ...trained, weights: undefined });
  });

  it('gives the same result for the same seed, and a different one for another seed', async () => {
    const logitsOf = async (seed: number) =>
      (await trainMember(await taskOf({}, { seed }), lane().context)).outOfFoldLogits;
    const first = await logitsOf(7);
    expect(await logitsOf(7)).toEqual(first);
    expect(await logitsOf(8)).not.toEqual(first);
  });

  it.each<Stopping>([{ keeps: 'last' }, { keeps: 'best', patience: 9, startCounts: false }])(
    'evaluates and publishes averages of the weights, and trains the weights themselves: $keeps',
    async (stopping) => {
      const train = async (optimizer: StagePlan['optimizer']) => {
        const plan = { ...stage, stopping, epochCount: 3, recalibratesBatchNorm: false, optimizer };
        const { context, epochs } = lane();
        const task = await taskOf({ stages: [plan] });
        const { outOfFoldLogits } = await trainMember(task, context);
        return { outOfFoldLogits, losses: epochs.map(({ loss }) => loss), tuneLosses: epochs.map((e) => e.tuneLoss) };
      };
      const plain = await train({ kind: 'adam', weightDecay: 0 });
      const before = tf.memory().numTensors;
      const averaged = await train({ kind: 'adam', weightDecay: 0, emaMomentum: 0.9 });
      expect(tf.memory().numTensors).toBe(before);
      expect(averaged.losses).toEqual(plain.losses);
      expect(averaged.tuneLosses).not.toEqual(plain.tuneLosses);
      expect(averaged.outOfFoldLogits).not.toEqual(plain.outOfFoldLogits);
      // The averages of a momentum near 0 are the weights.
      const almost = await train({ kind: 'adam', weightDecay: 0, emaMomentum: 1e-9 });
      expect(almost.losses).toEqual(plain.losses);
      for (const [row, logit] of almost.outOfFoldLogits.entries())
        expect(Math.abs(logit - plain.outOfFoldLogits[row]!)).toBeLessThan(1e-5);
    },
  );

  it.each([{ compile: false }, { compile: true }])(
    'sums gradients over parts of a batch: the same training as in one pass (compiled: $compile)',
    async ({ compile }) => {
      const fineTune = { ...stage, name: 'fine-tune', trains: { lastLayers: 6 }, batchNorm: 'moving' } as const;
      const train = async (sizes: { batchSize: number; microBatchSize?: number }, dropout = 0) => {
        const { context, epochs } = lane({}, new StopFlag(), { ...computeIn.tensorflow, compile });
        const plan = { ...fineTune, recalibratesBatchNorm: false, epochCount: 3, ...sizes };
        const { outOfFoldLogits } = await trainMember(await taskOf({ stages: [plan], dropout }), context);
        return { outOfFoldLogits, losses: epochs.map(({ loss }) => loss) };
      };
      const whole = await train({ batchSize: 6 });
      const before = tf.memory().numTensors;
      // Batches of 6 and 2 images, in passes of 4, 2 and 2 images.
      const divided = await train({ batchSize: 6, microBatchSize: 4 });
      expect(tf.memory().numTensors).toBe(before);
      for (const key of ['losses', 'outOfFoldLogits'] as const)
        for (const [index, value] of divided[key].entries())
          expect(Math.abs(value - whole[key][index]!), `${key} ${index}`).toBeLessThan(1e-5);
      expect(divided.losses.at(-1)).toBeLessThan(divided.losses[0]!);
      const random = await train({ batchSize: 6, microBatchSize: 4 }, 0.5);
      expect(random.losses).not.toEqual(divided.losses);
      expect(await train({ batchSize: 6, microBatchSize: 4 }, 0.5)).toEqual(random);
    },
  );

  it.each([{ compile: false }, { compile: true }])(
    'publishes the mean of the weights of the epochs in a soup, and says which they are (compiled: $compile)',
    async ({ compile }) => {
      const train = async (epochCount: number, stopping: Stopping) => {
        const { context } = lane({}, new StopFlag(), { ...computeIn.tensorflow, compile });
        const trains = { trains: { lastBlocks: 1 }, batchNorm: 'moving', recalibratesBatchNorm: false } as const;
        const task = await taskOf({ stages: [{ ...stage, ...trains, epochCount, stopping }] });
        const { record } = await trainMember(task, context);
        const { weights } = await readMember(task.folder);
        return { soups: record.soups, weights: new Float32Array(new Uint8Array(weights!).buffer) };
      };
      const stopping = { keeps: 'soup', mostEpochs: 3, patience: 9, startCounts: false } as const;
      const before = tf.memory().numTensors;
      const kept = await train(4, stopping);
      expect(tf.memory().numTensors).toBe(before);
      const [soup] = kept.soups!;
      expect(kept.soups).toEqual([{ stage: 'whole', epochs: expect.any(Array), tuneLoss: expect.any(Number) }]);
      expect(soup!.epochs.length).toBeGreaterThan(1);
      // The same epochs, each of them the last one of a shorter stage.
      const all: Float32Array[] = [];
      for (const epoch of soup!.epochs) all.push((await train(epoch! + 1, { keeps: 'last' })).weights);
      const mean = kept.weights.map((_, index) => all.reduce((sum, one) => sum + one[index]!, 0) / all.length);
      expect(kept.weights.every((value, index) => Math.abs(value - mean[index]!) < 1e-6)).toBe(true);
      expect(kept.weights).not.toEqual(all[0]);
      expect(await train(4, stopping)).toEqual(kept);
    },
  );

  it.each<[string, Partial<StagePlan>]>([
    [
      'AdamW',
      {
        learningRate: { kind: 'cosine', value: 1e-3, warmUp: 0.3, endFactor: 0 },
        optimizer: { kind: 'adam', weightDecay: 0.05, layerDecay: 0.8, clipNorm: 1, emaMomentum: 0.9 },
      },
    ],
    [
      'SGD in passes over parts of a batch',
      {
        learningRate: { kind: 'one-cycle', value: 0.01, warmUp: 0.3, startFactor: 0.04, endFactor: 4e-6 },
        optimizer: {
          ...{ kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.05 },
          ...{ layerDecay: 0.8, clipNorm: 1, emaMomentum: 0.9 },
        },
        microBatchSize: 3,
      },
    ],
  ])('gives bit-equal results with everything on, twice in a row: %s', async (_, changes) => {
    const train = async () => {
      const { context, epochs } = lane({}, new StopFlag(), { ...computeIn.tensorflow, compile: true });
      const task = await taskOf({ stages: [{ ...stage, epochCount: 2, ...changes }], dropout: 0.2 });
      const { outOfFoldLogits } = await trainMember(task, context);
      const { weights } = await readMember(task.folder);
      return { outOfFoldLogits, weights, losses: epochs.map(({ loss, tuneLoss }) => [loss, tuneLoss]) };
    };
    const first = await train();
    expect(new Set(first.losses.flat()).size).toBe(4);
    expect(await train()).toEqual(first);
  });

  it('stops before the next batch, and publishes nothing', async () => {
    const before = tf.memory().numTensors;
    const stop = new StopFlag();
    const task = await taskOf();
    const { context, epochs } = lane({ onBatch: () => stop.raise() }, stop);
    await expect(trainMember(task, context)).rejects.toThrow(StoppedError);
    expect(epochs).toEqual([]);
    expect(existsSync(task.folder)).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('fails on a loss that is not finite, and publishes nothing', async () => {
    const before = tf.memory().numTensors;
    const task = await taskOf({ stages: [{ ...stage, learningRate: { kind: 'constant', value: 1e38 } }] });
    const training = trainMember(task, lane().context);
    await expect(training).rejects.toThrow(TrainingError);
    await expect(training).rejects.toThrow(/became (NaN|Infinity) in .* of stage "whole" at learning rate 1e\+38/);
    expect(existsSync(task.folder)).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, string, new (message: string) => Error, RegExp]>([
    ['is not HDF5', sha256(Buffer.from('This is a text.')), ModelError, /^broken\.h5: /],
    ['has changed since it was planned', 'b'.repeat(64), StorageError, /has changed since the run started/],
  ])('fails on a weight file that %s, publishes nothing and keeps no tensor', async (_, checksum, kind, message) => {
    const before = tf.memory().numTensors;
    const path = join(parent, 'broken.h5');
    await writeFile(path, 'This is a text.');
    const task = await taskOf({ weights: { kind: 'file', path, sha256: checksum }, initializes: 'head' });
    const training = trainMember(task, lane().context);
    await expect(training).rejects.toThrow(kind);
    await expect(training).rejects.toThrow(message);
    expect(existsSync(task.folder)).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('shared features', () => {
  const featuresTask = (task: TrainTask, planned: PlannedViews, cachedCopies?: DrawnCopies): FeaturesTask => {
    const indices = imageRange(0, 14);
    const layout = rowsOfViews(planned);
    const rowCount = rowCountOf(indices.length, layout.rowsPerImage, cachedCopies);
    const rows = new SharedArrayBuffer(rowCount * 256 * Float32Array.BYTES_PER_ELEMENT);
    return {
      ...{ name: 'slim/features', member: task.member, classes: task.classes, seed: task.seed, pixels },
      ...{ kind: 'features', features: { indices, ...layout, cachedCopies, rows }, range: { start: 0, end: 14 } },
      reads: new SharedArrayBuffer(imageCount),
    };
  };

  it.each([
    { engine: 'tensorflow', testTimeAugmentation: true },
    { engine: 'tensorflow', testTimeAugmentation: false },
    { engine: 'onnxruntime', testTimeAugmentation: true },
    { engine: 'onnxruntime', testTimeAugmentation: false },
    { engine: 'tensorflow', testTimeAugmentation: 'auto' },
    { engine: 'onnxruntime', testTimeAugmentation: 'zoom' },
  ] as const)(
    'of $engine give the same training results and predictions as features computed by the task in TensorFlow, without reading the images; test-time augmentation: $testTimeAugmentation',
    async ({ engine, testTimeAugmentation }) => {
      const own = await trainMember(await taskOf({ testTimeAugmentation }), lane().context);
      const features = { ...rowsOfViews(testTimeAugmentation || true), predict: true };
      const task = await taskOf({ testTimeAugmentation, features });
      const { context, stages } = lane({}, new StopFlag(), computeIn[engine]);
      const before = tf.memory().numTensors;
      const computing = featuresTask(task, testTimeAugmentation || true);
      await computeFeatures(computing, context);
      await context.models.release();
      expect(tf.memory().numTensors).toBe(before);
      expect(readImages(computing)).toEqual([...imageRange(0, 14)]);
      expect(stages).toEqual(['slim/features features']);
      const trained = await trainMember({ ...task, features: computing.features }, context);
      expect(readImages(task)).toEqual([]);
      expect(trained.outOfFoldLogits).toHaveLength(own.outOfFoldLogits.length);
      for (const [row, logit] of trained.outOfFoldLogits.entries())
        expect(Math.abs(logit - own.outOfFoldLogits[row]!)).toBeLessThan(1e-5);
      expect(trained.outOfFoldViews?.length).toBe(testTimeAugmentation === 'auto' ? 4 * 14 : undefined);
      for (const [row, logit] of trained.outOfFoldViews?.entries() ?? [])
        expect(Math.abs(logit - own.outOfFoldViews![row]!)).toBeLessThan(1e-5);
    },
  );

  const copies: CachedCopies = {
    count: 2,
    augmentation: { kind: 'random', ...unchanged, flip: true, cropArea: 0.5, rotation: 30, brightness: 0.3 },
  };

  it.skipIf(!existsSync(publishedWeights)).each(['tensorflow', 'onnxruntime'] as const)(
    'of cached copies in %s give the same training results as those that the task computes in TensorFlow (needs ../shared)',
    async (engine) => {
      // With random weights, features hardly depend on the image.
      const weights = {
        kind: 'file',
        path: publishedWeights,
        sha256: sha256(await readFile(publishedWeights)),
      } as const;
      const stages = [{ ...headStage, epochCount: 3, cachedCopies: copies }];
      const plan = { stages, weights, initializes: 'head' } as const;
      const train = async (task: TrainTask) => {
        const { context, epochs } = lane();
        const { outOfFoldLogits } = await trainMember(task, context);
        return { losses: epochs.map(({ loss }) => loss), outOfFoldLogits };
      };
      const own = await train(await taskOf(plan));
      const features = { rowsPerImage: 2, cachedCopies: copies, predict: true } as const;
      const task = await taskOf({ ...plan, features });
      const { context } = lane({}, new StopFlag(), computeIn[engine]);
      // With the seed of a task's own copies, the same copies are drawn.
      const computing = featuresTask(task, true, { ...copies, seed: streamSeed(task.seed, 'cached copies') });
      await computeFeatures(computing, context);
      await context.models.release();
      const shared = await train({ ...task, features: computing.features });
      expect(readImages(task)).toEqual([]);
      for (const key of ['losses', 'outOfFoldLogits'] as const)
        for (const [index, value] of shared[key].entries())
          expect(Math.abs(value - own[key][index]!), `${key} ${index}`).toBeLessThan(1e-5);
      const without = await train(await taskOf({ ...plan, stages: [{ ...headStage, epochCount: 3 }] }));
      expect(Math.abs(without.losses[0]! - own.losses[0]!)).toBeGreaterThan(1e-3);
      // The seed of the copies alone.
      const others = featuresTask(task, true, { ...copies, seed: 1 });
      await computeFeatures(others, context);
      await context.models.release();
      const other = await train({ ...task, features: others.features });
      expect(Math.abs(other.losses[0]! - own.losses[0]!)).toBeGreaterThan(1e-3);
    },
  );

  it.each(['tensorflow', 'onnxruntime'] as const)(
    'are the same bits in any cut and order of their ranges, in %s',
    async (engine) => {
      const task = await taskOf();
      const rowsOf = async (ranges: [number, number][]) => {
        const { context } = lane({}, new StopFlag(), computeIn[engine]);
        const { features, ...rest } = featuresTask(task, true, { ...copies, seed: 3 });
        for (const [start, end] of ranges) await computeFeatures({ ...rest, features, range: { start, end } }, context);
        await context.models.release();
        return new Float32Array(features.rows);
      };
      const whole = await rowsOf([[0, 14]]);
      expect(whole.every((value) => value === 0)).toBe(false);
      expect(
        await rowsOf([
          [8, 14],
          [0, 8],
        ]),
      ).toEqual(whole);
    },
  );

  it('are recomputed for tuning images that have none', async () => {
    const task = await taskOf({ features: { rowsPerImage: 2, predict: true } }, { tune: imageRange(14, 16) });
    const { context } = lane();
    const computing = featuresTask(task, true);
    await computeFeatures(computing, context);
    await trainMember({ ...task, features: computing.features }, context);
    expect(readImages(task)).toEqual([14, 15]);
    await context.models.release();
  });

  it('train on without details of an epoch that cannot be computed, with a warning', async () => {
    const task = await taskOf({ features: { rowsPerImage: 2, predict: true } });
    const [reports, warnings] = [[] as unknown[], [] as string[]];
    const { context } = lane({
      onEpoch: (...report) => reports.push(report[1]),
      onWarning: (name, message) => warnings.push(`${name}: ${message}`),
    });
    const computing = featuresTask(task, true);
    await computeFeatures(computing, context);
    // Only the picture of augmented images, in the first epoch, reads pixels.
    const empty = createPixelStore(imageCount, size);
    await trainMember({ ...task, features: computing.features, pixels: empty, reportsDetails: true }, context);
    expect(reports).toEqual([undefined, expect.objectContaining({ confusion: expect.any(Array) })]);
    expect(warnings).toEqual([
      'slim: The logs of epoch 0 (head) lack pictures and histograms: image 0 of 16 was not decoded.',
    ]);
    await context.models.release();
  });

  it('stop before the next batch', async () => {
    const stop = new StopFlag();
    stop.raise();
    const before = tf.memory().numTensors;
    const { context } = lane({}, stop);
    const task = await taskOf();
    await expect(computeFeatures(featuresTask(task, false), context)).rejects.toThrow(StoppedError);
    await context.models.release();
    expect(tf.memory().numTensors).toBe(before);
  });
});
