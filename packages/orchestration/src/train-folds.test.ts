import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foldName, scanImageFolder, splitImages } from '@chorus/data';
import { stackerFromJson } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import { readMember } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle, writeBundle } from './bundle.ts';
import { evaluateBundle } from './evaluate.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { predictFiles } from './predict.ts';
import { type Report, reportSchema } from './report/schema.ts';
import { splitPlanOf } from './run/dataset.ts';
import {
  at,
  copiedWeights,
  data,
  drawData,
  pretrained,
  removeRuns,
  replacing,
  runtime,
  small,
  three,
  twoLanes,
} from './train.fixture.ts';
import { train } from './train.ts';

/** Smaller than the members. */
const student = { backbone: 'mobilenet', alpha: 0.25, temperature: 2, labelShare: 0.25 } as const;

beforeAll(drawData);
afterAll(removeRuns);

/** The report says which views were chosen, if the run chose them, and counts them. */
function expectChosenViews({ testTimeAugmentation, costs }: Report, isChosen: boolean): void {
  expect(testTimeAugmentation?.candidates.map(({ kind }) => kind)).toEqual(
    isChosen ? ['none', 'mirror', 'zoom', 'scales', 'five-crops'] : undefined,
  );
  const chosen = testTimeAugmentation?.candidates.find(({ kind }) => kind === testTimeAugmentation.chosen);
  // The models of three folds are averaged.
  expect(costs!.members.map(({ passes }) => passes)).toEqual(isChosen ? Array(2).fill(3 * chosen!.views) : [2, 2]);
}

describe('k folds', () => {
  it.each([
    ['refit', 2, ['fold-1', 'fold-2', 'all'], 1, 'the model of all', 'auto'],
    ['average', 3, ['fold-1', 'fold-2', 'fold-3'], 3, 'the mean of 3 models', 'logit-adjustment'],
  ] as const)(
    'trains each member once per fold, and the bundle gives the same predictions: %s',
    async (members, folds, parts, modelCount, predictsWith, imbalance) => {
      const finished: string[] = [];
      const { report } = await train(
        {
          ...small(),
          // Each lane takes half a second to start.
          ...(members === 'average' && twoLanes),
          recipe: { batchSize: 32, whole: { epochCount: 1 }, imbalance },
          stacking: { kind: 'kfold', folds, members },
          calibration: 'temperature',
          testTimeAugmentation: members === 'average' ? 'auto' : 'mirror',
          student: { ...student, recipe: { whole: { epochCount: 2 } } },
        },
        {
          out: at(`folds-${members}`),
          observer: {
            onMember: (task, { state }) => state === 'done' && void finished.push(task),
          },
        },
      );
      expect(report.testImagesReadBeforeChoice).toBe(0);
      expectChosenViews(report, members === 'average');
      expect(finished.toSorted()).toEqual(
        ['student', ...['wide', 'slim'].flatMap((name) => parts.map((part) => `${name}/${part}`))].toSorted(),
      );
      for (const member of report.members) {
        expect(member.trainings.map(({ fold }) => foldName(fold))).toEqual(parts);
        expect(member.predictsWith).toBe(predictsWith);
      }
      // 39 usable images in train, each left out once.
      expect(report.dataset.counts.training).toBe(39);
      const outOfFold = report.dataset.counts.folds.map((fold) => fold.outOfFold);
      expect(outOfFold.reduce((sum, one) => sum + one, 0)).toBe(39);
      expect(report.stacking).toContain(`each member was trained once without each of ${folds} folds`);
      expect(report.dataset.duplicates).toMatchObject([{ splits: [expect.stringMatching(/^fold-\d$/), 'test'] }]);

      // The weights of a fold that only predicts for the stackers are not kept.
      const kept = parts.filter((part) => existsSync(at(`folds-${members}/members/wide/${part}/weights.bin`)));
      expect(kept).toEqual(members === 'refit' ? ['all'] : parts);
      const bundle = await readBundle(at(`folds-${members}/bundle`));
      expect(bundle.members.map(({ models }) => models.length)).toEqual([modelCount, modelCount]);
      const evaluation = await evaluateBundle(at(`folds-${members}/bundle`), data, { workers: 'cpu:0', runtime });
      expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
        report.members.map(({ test: score }) => score!.correct),
      );
      // The classes have 19 and 20 usable images.
      const isBalanced = imbalance !== 'auto';
      expect(report.imbalance).toMatchObject({ remedy: { kind: isBalanced ? imbalance : 'none' } });
      expect(report.imbalance!.classes.map(({ count }) => count).toSorted()).toEqual([19, 20]);
      expect([bundle.manifest, evaluation].map(({ balancesClasses }) => balancesClasses)).toEqual([
        isBalanced,
        isBalanced,
      ]);
      for (const { outOfFold } of report.stackers) expect('balancedLogLoss' in outOfFold).toBe(isBalanced);
      expect(evaluation.ensemble.test.logLoss).toBeCloseTo(
        report.stackers.find(({ chosen }) => chosen)!.test.logLoss,
        5,
      );
    },
  );

  it('resumes with the undamaged trainings: only a damaged fold is trained again', async () => {
    const weights = at('folds-average/members/slim/fold-2/weights.bin');
    await writeFile(weights, (await readFile(weights)).subarray(4));
    const warned: string[] = [];
    const onWarning = (task: string, message: string) => void warned.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('folds-average'), observer: { onWarning } });
    expect(warned).toEqual([expect.stringMatching(/^slim\/fold-2: .*weights\.bin is damaged: .* trained again\.$/)]);
    const resumed = report.members.flatMap(({ trainings }) => trainings.map((one) => one.resumed));
    expect(resumed).toEqual([true, true, true, true, false, true]);
    // The same fold gives the same targets.
    expect(report.student!.trainings[0]!.resumed).toBe(true);
  });

  it('train a student on the out-of-fold probabilities, which the bundle also gives alone', async () => {
    const folder = at('folds-refit');
    const {
      student: section,
      stackers,
      seconds,
    } = reportSchema.parse(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')));
    const { test: score, comparison, cost, ...training } = section!;
    expect(training).toMatchObject({
      status: 'done',
      ...{ temperature: 2, labelShare: 0.25 },
      predictsWith: 'the model of all',
    });
    expect(score!.count).toBe(34);
    const chosen = stackers.find((stacker) => stacker.chosen)!;
    expect(comparison!.against).toBe(chosen.kind);
    expect(comparison!.onlyStudent - comparison!.onlyEnsemble).toBe(score!.correct - chosen.test.correct);
    const { size } = await stat(join(folder, 'bundle/members/student/1.bin'));
    expect(cost!.student).toMatchObject({ bytes: size, parameters: size / 4 });
    expect(cost!.ensemble.bytes).toBeGreaterThan(size);
    expect(cost!.ensemble.millisecondsPerImage).toBeGreaterThan(0);
    expect(seconds.student).toBeGreaterThan(0);

    const options = { workers: 'cpu:0', runtime, student: true };
    const evaluation = await evaluateBundle(join(folder, 'bundle'), data, options);
    expect(evaluation.student).toBe(true);
    expect(evaluation.members.map(({ name }) => name)).toEqual(['student']);
    expect(evaluation.ensemble.test.correct).toBe(score!.correct);
    expect(evaluation.ensemble.test.logLoss).toBeCloseTo(score!.logLoss, 5);
    const [header, row] = (await readFile(join(folder, 'predictions.csv'), 'utf8')).split('\n');
    expect(header).toMatch(/,student:discs,student:stars$/);
    const path = row!.split(',')[0]!;
    const { predictions } = await predictFiles(join(folder, 'bundle'), [join(data, path)], options);
    expect(predictions[0]!.probabilities.stars).toBeCloseTo(Number(row!.split(',').at(-1)), 5);
    const doubtful = predictFiles(join(folder, 'bundle'), [join(data, path)], { ...options, coverage: 0.9 });
    await expect(doubtful).rejects.toThrow(/^Expected no wanted (accuracy|coverage) with the student: /);
  });

  it('repeat a student bit for bit if it learned from other probabilities', async () => {
    const folder = at('folds-refit');
    const weights = await readFile(join(folder, 'student/weights.bin'));
    const record = JSON.parse(await readFile(join(folder, 'student/member.json'), 'utf8'));
    const changed = JSON.stringify({ ...record, plan: { ...record.plan, teacher: 'a'.repeat(64) } });
    await writeFile(join(folder, 'student/member.json'), changed);
    const sums = join(folder, 'student/SHA256SUMS');
    await writeFile(
      sums,
      (await readFile(sums, 'utf8')).replace(/^.*member\.json$/m, `${sha256(changed)}  member.json`),
    );
    await rm(join(folder, 'report.json'));
    const warned: string[] = [];
    const onWarning = (task: string, message: string) => void warned.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: folder, observer: { onWarning } });
    expect(warned).toEqual([
      expect.stringMatching(/^student: student was trained by another plan: teacher was "a{64}", is now /),
    ]);
    expect(report.student!.trainings[0]!.resumed).toBe(false);
    expect((await readFile(join(folder, 'student/weights.bin'))).equals(weights)).toBe(true);
  });

  it('train a student on calibrated probabilities', async () => {
    const folder = at('folds-refit');
    const start = JSON.parse(await readFile(join(folder, 'experiment.json'), 'utf8'));
    expect(start.experiment.calibration).toBe('temperature');
    const uncalibrated = { ...start, experiment: { ...start.experiment, calibration: 'none' } };
    await writeFile(join(folder, 'experiment.json'), JSON.stringify(uncalibrated));
    await rm(join(folder, 'report.json'));
    const warned: string[] = [];
    const onWarning = (task: string, message: string) => void warned.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: folder, force: true, observer: { onWarning } });
    expect(warned).toEqual([expect.stringMatching(/^student: student was trained by another plan: teacher was /)]);
    expect(report.edits).toEqual(['calibration was "temperature", is now "none"']);
    expect(report.members.every(({ trainings }) => trainings.every(({ resumed }) => resumed))).toBe(true);
  });

  it.skipIf(!existsSync(pretrained))(
    'computes the features of a frozen backbone and of cached copies once for all folds, which may keep soups (needs ../shared)',
    async () => {
      const { report } = await train(
        {
          ...small(),
          ...twoLanes,
          weights: pretrained,
          recipe: {
            ...{ batchSize: 32, augmentation: 'light', cachedCopies: 2 },
            ...{ head: { epochCount: 3, soup: 2 }, fineTune: { lastLayers: 0 } },
          },
          stacking: { kind: 'kfold', folds: 2, members: 'refit' },
          stackers: { kinds: ['mean', 'features'] },
          testTimeAugmentation: 'scales',
        },
        { out: at('frozen-folds') },
      );
      const tasksOf = (kind: string) =>
        report.lanes.map(({ tasks }) => tasks.filter((one) => one.kind === kind).map(({ task }) => task));
      // An idle lane may take a share of the images.
      for (const tasks of tasksOf('features')) expect(new Set(tasks).size).toBe(tasks.length);
      expect([...new Set(tasksOf('features').flat())].toSorted()).toEqual(['slim/features', 'wide/features']);
      expect(tasksOf('train').flat()).toHaveLength(6);
      await expectBundleOfFeatures(at('frozen-folds'));
      expect(report.stackers.map(({ kind }) => kind)).toEqual(['mean', 'features']);
      expect(report.stackerNotes).toEqual([]);
      const trainings = report.members.flatMap((member) => member.trainings);
      expect(trainings).toHaveLength(6);
      for (const { soups } of trainings) expect(soups).toMatchObject([{ stage: 'head', epochs: expect.any(Array) }]);
    },
  );

  /** A bundle whose stacker reads features predicts what the run did. */
  async function expectBundleOfFeatures(out: string): Promise<void> {
    const bundle = await readBundle(join(out, 'bundle'));
    const { members, stackers, images, manifest } = bundle;
    await writeBundle(`${out}-features`, { ...manifest, chosen: 'features' }, members, stackers, images);
    const [header, ...rows] = (await readFile(join(out, 'predictions.csv'), 'utf8')).trim().split('\n');
    const column = header!.split(',').indexOf('features:stars');
    const paths = rows.map((row) => join(data, row.split(',')[0]!));
    const { predictions } = await predictFiles(`${out}-features`, paths, { workers: 'cpu:0', runtime });
    expect(predictions).toHaveLength(rows.length);
    for (const [row, { probabilities }] of predictions.entries())
      expect(Math.abs(probabilities.stars! - Number(rows[row]!.split(',')[column]))).toBeLessThan(1e-4);
  }

  it.skipIf(!existsSync(pretrained)).each(['five-crops', false] as const)(
    'predicts from shared features as the full model does, test-time augmentation %s (needs ../shared)',
    async (testTimeAugmentation) => {
      const out = at(`shared-${testTimeAugmentation}`);
      const experiment: Partial<ExperimentInput> = {
        ...small(),
        // Without calibration, which is for the ensemble, but would also be in the bundle of one model.
        ...{ weights: pretrained, testTimeAugmentation, calibration: 'none', seed: 3 },
        recipe: { batchSize: 32, augmentation: 'none', head: { epochCount: 3 }, fineTune: { lastLayers: 0 } },
        stacking: { kind: 'kfold', folds: 2, members: 'average' },
      };
      await train(experiment, { out });
      // The model of one fold, as a separate bundle, on the images that the fold left out.
      const { manifest, weights, outOfFoldLogits } = await readMember(join(out, 'members/slim/fold-1'));
      if (weights === undefined) throw new Error('expected the weights of a fold whose model is in the bundle');
      const bundle = await readBundle(join(out, 'bundle'));
      await writeBundle(
        at(`alone-${testTimeAugmentation}`),
        { ...bundle.manifest, chosen: 'mean' },
        [{ name: 'slim', models: [{ manifest, weights }] }],
        new Map([['mean', stackerFromJson({ kind: 'mean', memberCount: 1, classCount: 2 })]]),
        bundle.images,
      );
      const folder = await scanImageFolder(data);
      const { outOfFold } = splitImages(folder, splitPlanOf(resolveExperiment(experiment))).folds[0]!;
      const paths = [...outOfFold].map((index) => folder.images[index]!.path);
      const { predictions } = await predictFiles(at(`alone-${testTimeAugmentation}`), paths, {
        workers: 'cpu:0',
        runtime,
      });
      // One training image is damaged and has a row in neither.
      expect(predictions).toHaveLength(outOfFoldLogits.length);
      for (const [row, { probabilities }] of predictions.entries())
        expect(Math.abs(probabilities.stars! - 1 / (1 + Math.exp(-outOfFoldLogits[row]!)))).toBeLessThan(1e-5);
    },
  );

  it.skipIf(!existsSync(pretrained))(
    'fail only the member and the student whose weights change (needs ../shared)',
    async () => {
      const folder = await copiedWeights();
      const { report, exitCode } = await train(
        // The student starts from the same weights as the member.
        { ...three(folder), student, stacking: { kind: 'kfold', folds: 2, members: 'average' } },
        { out: at('fold-fails'), observer: replacing(folder, 'slim') },
      );
      expect(exitCode).toBe(3);
      expect(report.members.map(({ name, status, trainings }) => [name, status, trainings.length])).toEqual([
        ['wide', 'done', 2],
        ['slim', 'failed', 0],
        ['third', 'done', 2],
      ]);
      expect(report.members[1]!.reason).toMatch(
        /^features: The weight file \S+mobilenet_2_5_128_tf_no_top\.h5 has changed since the run started: /,
      );
      expect(report.student).toMatchObject({ status: 'failed', test: null, comparison: null, cost: null });
      expect(report.student!.reason).toMatch(/has changed since the run started: /);
      expect((await readBundle(at('fold-fails/bundle'))).student).toBeUndefined();
    },
  );
});
