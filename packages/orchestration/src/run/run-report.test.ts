import type { ImageSplit } from '@chorus/data';
import { createClassifier, memberToBytes } from '@chorus/models';
import { describe, expect, it, test } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { factsOf } from '../plan/dataset-facts.ts';
import { planTraining } from '../plan/plan-training.ts';
import { reportSchema } from '../report/schema.ts';
import { countImages } from './count-images.ts';
import type { Dataset } from './dataset.ts';
import { phaseNames, type RunParts, reportWithoutEnsemble } from './run-report.ts';
import { Timeline } from './timeline.ts';
import type { MemberOutcome, Training } from './train-members.ts';

const indices = (...all: number[]) => Uint32Array.from(all);
const labels = new SharedArrayBuffer(8 * Int32Array.BYTES_PER_ELEMENT);
// The test images 6 and 7 belong to different classes; three of four of the others belong to the first.
new Int32Array(labels).set([0, 0, 0, 1, 0, 0, 0, 1]);

const holdout: ImageSplit = {
  test: indices(6, 7),
  folds: [{ fold: { kind: 'holdout' }, fit: indices(0, 1, 3), tune: indices(2), outOfFold: indices(4, 5) }],
};
const twoFolds: ImageSplit = {
  test: indices(5, 6, 7),
  folds: [
    { fold: { kind: 'fold', index: 0 }, fit: indices(0), tune: indices(1), outOfFold: indices(2, 3, 4) },
    { fold: { kind: 'fold', index: 1 }, fit: indices(2), tune: indices(3), outOfFold: indices(0, 1) },
    { fold: { kind: 'all' }, fit: indices(0, 1, 2, 3), tune: indices(4), outOfFold: indices() },
  ],
};

const decoding = { maxPixels: 1, timeoutMs: 1, background: '#000000', resize: 'pillow' } as const;

function datasetOf(split: ImageSplit): Dataset {
  const images = Array.from({ length: 8 }, (_, index) => ({
    ...{ path: `/photos/${index}.jpg`, relativePath: `${index}.jpg`, sizeBytes: 1, mtimeMs: 0, label: 0, role: null },
  }));
  return {
    ...{ name: 'photos', root: '/photos', classes: ['a', 'b'], images, split, skipped: [], info: [], sha256: [] },
    found: {
      splits: [],
      hidden: Array.from({ length: 30 }, (_, index) => `.hidden-${index}`),
      beyondLimit: 4,
      notices: ['a notice'],
    },
    ...{ duplicates: [], duplicatesComplete: true, pixels: new Map(), labels, fingerprint: '', decoding },
  };
}

const manifest = (() => {
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 0 });
  try {
    return memberToBytes(classifier).manifest;
  } finally {
    classifier.dispose();
  }
})();

const trainingOf = ({ fold, outOfFold }: ImageSplit['folds'][number], keepsWeights: boolean): Training => ({
  ...{ fold, keepsWeights, resumed: false, folder: '/run/members/slim', manifest },
  outOfFoldLogits: new Float32Array(outOfFold.length),
  record: {
    ...{ device: 'cpu:1', backingDevice: '/device:CPU:1', precision: 'float32', seconds: 3, recipe: 'whole' },
    weights: { source: 'random', sha256: null },
  },
});

/** A run whose member `wide` failed, or whose `slim` is done too, with one second per phase. */
function partsOf(split: ImageSplit, stacking: ExperimentInput['stacking'], slim: Training[]): RunParts {
  const experiment = resolveExperiment({
    ...{ inputSize: 32, weights: 'random', stacking },
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5, inputSize: 48 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
  });
  let nowMs = 0;
  const timeline = new Timeline(0, () => {
    nowMs += 1000;
    return nowMs;
  });
  for (const phase of [phaseNames.prepare, phaseNames.decode, phaseNames.members]) timeline.end(phase);
  const failed: MemberOutcome = {
    status: 'failed',
    reason: 'out of memory',
    device: 'cpu:1',
    trainings: [],
    seconds: 0.5,
  };
  return {
    incidents: [],
    start: {
      schemaVersion: 3,
      preset: 'none',
      versions: { node: '1' },
      datasetFingerprint: null,
      forward: 'onnxruntime',
      experiment,
    },
    ...{ dataset: datasetOf(split), counts: countImages(split), demo: true, testImagesReadBeforeChoice: 0, timeline },
    plan: planTraining(experiment, factsOf(split), [{ kind: 'random' }, { kind: 'random' }]),
    outcomes: [failed, { status: 'done', trainings: slim, seconds: 3 }],
    lanes: [
      {
        device: 'cpu:1',
        compute: { compile: true, bfloat16: false, forward: { engine: 'onnxruntime', threads: 1, spin: false } },
        work: [{ task: 'slim', kind: 'train', givenAtMs: 2000, startedAtMs: 2100, finishedAtMs: 2900 }],
      },
    ],
  };
}

const inHoldout = () => partsOf(holdout, { kind: 'holdout' }, [trainingOf(holdout.folds[0]!, true)]);

describe('reportWithoutEnsemble', () => {
  it('matches the schema, without stackers and scores', () => {
    const report = reportWithoutEnsemble(inHoldout());
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report).toMatchObject({ stackers: [], mistakes: [], bestMember: null, demo: true, baseline: 0.5 });
    expect(report.verdict).toBe(
      'There is no ensemble: too few members finished. Members that failed and are not part of it: wide.',
    );
    expect(report.members.map(({ outOfFold, test: score }) => [outOfFold, score])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it('reports what each member was trained on, or why it failed', () => {
    const { members } = reportWithoutEnsemble(inHoldout());
    expect(members[0]).toMatchObject({
      ...{ name: 'wide', backbone: 'mobilenet 0.5', inputSize: 48, status: 'failed', reason: 'out of memory' },
      ...{ failedOn: 'cpu:1', predictsWith: null, weights: null, recipe: 'whole', trainings: [], seconds: 0.5 },
    });
    expect(members[1]).toMatchObject({
      ...{ name: 'slim', backbone: 'mobilenet 0.25', inputSize: 32, status: 'done', seconds: 3, recipe: 'whole' },
      ...{ predictsWith: 'the model of holdout', weights: { source: 'random', sha256: null } },
    });
    expect(members[1]!.trainings).toEqual([
      {
        ...{ fold: { kind: 'holdout' }, device: 'cpu:1', backingDevice: '/device:CPU:1', precision: 'float32' },
        ...{ seconds: 3, resumed: false },
      },
    ]);
  });

  it('accounts for the time of the run and of each lane', () => {
    const { seconds, lanes } = reportWithoutEnsemble(inHoldout());
    // The report ends the phase of writing.
    expect(seconds).toEqual({ prepare: 1, decode: 1, members: 1, stack: 0, test: 0, total: 4 });
    expect(lanes).toMatchObject([{ device: 'cpu:1', busySeconds: 0.8, tasks: [{ task: 'slim', kind: 'train' }] }]);
  });

  it('lists at most 20 hidden entries, and counts all', () => {
    const { dataset } = reportWithoutEnsemble(inHoldout());
    expect(dataset.hidden.count).toBe(30);
    expect(dataset.hidden.paths).toHaveLength(20);
    expect(dataset).toMatchObject({ beyondLimit: 4, notices: ['a notice'], inputSizes: [32, 48] });
  });

  test.each<[string, ImageSplit, ExperimentInput['stacking'], Training[], string, string]>([
    [
      'a hold-out',
      holdout,
      { kind: 'holdout' },
      [trainingOf(holdout.folds[0]!, true)],
      '2 images were held out from every member for the stackers',
      'the model of holdout',
    ],
    [
      "the members' own images",
      holdout,
      { kind: 'training-images' },
      [trainingOf({ ...holdout.folds[0]!, fold: { kind: 'all' } }, true)],
      "the stackers were trained on the members' own training images",
      'the model of all',
    ],
    [
      'folds and a refit',
      twoFolds,
      { kind: 'kfold', folds: 2, members: 'refit' },
      twoFolds.folds.map((fold) => trainingOf(fold, fold.fold.kind === 'all')),
      'each member was trained once without each of 2 folds, and the stackers were trained on its predictions for that fold (5 images); the members in the bundle were trained once more, on all folds',
      'the model of all',
    ],
    [
      'folds that are averaged',
      { ...twoFolds, folds: twoFolds.folds.slice(0, 2) },
      { kind: 'kfold', folds: 2, members: 'average' },
      twoFolds.folds.slice(0, 2).map((fold) => trainingOf(fold, true)),
      'each member was trained once without each of 2 folds, and the stackers were trained on its predictions for that fold (5 images); the members in the bundle average the models of the folds',
      'the mean of 2 models',
    ],
  ])('describes %s', (_, split, stacking, trainings, description, predictsWith) => {
    const report = reportWithoutEnsemble(partsOf(split, stacking, trainings));
    expect(report.stacking).toBe(description);
    expect(report.members[1]!.predictsWith).toBe(predictsWith);
  });
});
