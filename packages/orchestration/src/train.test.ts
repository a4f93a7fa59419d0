import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawShapes, foldName, scanImageFolder, splitImages } from '@chorus/data';
import { stackerFromJson } from '@chorus/models';
import { sha256 } from '@chorus/storage';
import { type EpochMetrics, readMember, StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readBundle, writeBundle } from './bundle.ts';
import { ConfigError, TooFewMembersError } from './errors.ts';
import { evaluateBundle } from './evaluate.ts';
import { classifyError } from './exit-codes.ts';
import { article } from './experiment/presets/article.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { predictFiles } from './predict.ts';
import { type ImageCounts, reportJsonSchema, reportSchema } from './report/schema.ts';
import { splitPlanOf } from './run/dataset.ts';
import type { MemberState } from './run/observer.ts';
import { type RunResult, train } from './train.ts';

const pretrained = fileURLToPath(new URL('../../../../shared/data/pretrained/', import.meta.url));

let parent: string;
let data: string;
let killed: Promise<NodeJS.Signals | null>;
const at = (name: string) => join(parent, name);

/** Process-wide, so that every run and evaluation of this file shares them. */
const runtime = { logicalCpuDevices: 3, intraOpThreads: 1 };

/** Two slim members on tiny images: seconds. */
const small = (): Partial<ExperimentInput> => ({
  name: 'small',
  inputSize: 32,
  data: { source: data },
  weights: 'random',
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
  ],
  recipe: { batchSize: 16, whole: { epochCount: 2 } },
  workers: [{ device: 'cpu:1' }],
  runtime,
});

/** For what is about lanes; starting one costs a second. */
const twoLanes: Partial<ExperimentInput> = { workers: [{ device: 'cpu:1' }, { device: 'cpu:2' }] };

/** Weight files by Keras' names, of which those named are no HDF5. */
const names = {
  wide: 'mobilenet_5_0_160_tf_no_top.h5',
  slim: 'mobilenet_2_5_128_tf_no_top.h5',
  third: 'mobilenet_7_5_192_tf_no_top.h5',
};
async function weightsWith(...broken: (keyof typeof names)[]): Promise<string> {
  const folder = await mkdtemp(at('weights-'));
  for (const [member, name] of Object.entries(names))
    if (broken.includes(member as keyof typeof names)) await writeFile(join(folder, name), 'This is a text.');
    else await cp(join(pretrained, name), join(folder, name));
  return folder;
}

const three = (weights: string): Partial<ExperimentInput> => ({
  ...small(),
  ...twoLanes,
  weights,
  members: [...small().members!, { name: 'third', backbone: 'mobilenet', alpha: 0.75 }],
  recipe: { batchSize: 16, head: { epochCount: 2 }, fineTune: { lastLayers: 0 } },
});

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-train-'));
  data = at('data');
  // 50 test images: batches of 32 leave a partial last one.
  await drawShapes(data, { seed: 1, imagesPerClass: { train: 40, validation: 25 } });
  await cp(join(data, 'train/discs/discs-00000.png'), join(data, 'validation/discs/discs-00000.png'));
  await writeFile(join(data, 'train/stars/stars-00001.png'), 'This is a text.');
  // Early: its lock counts as left after ten seconds, which pass beside the other tests.
  killed = killedRun(at('killed'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a whole run', () => {
  let result: RunResult;
  const epochs: EpochMetrics[] = [];
  const members: [string, MemberState][] = [];
  let counts: ImageCounts;

  beforeAll(async () => {
    // Long enough for one lane to find the other still training, whichever starts first.
    result = await train(
      { ...small(), ...twoLanes, recipe: { batchSize: 16, whole: { epochCount: 6, patience: 6 } } },
      {
        out: at('run'),
        observer: {
          onDataset: (dataset) => {
            counts = dataset.counts;
          },
          onEpoch: (epoch) => epochs.push(epoch),
          onMember: (name, state) => members.push([name, state]),
        },
      },
    );
  });

  it('ends well, with a report as its schema says', async () => {
    expect(result.exitCode).toBe(0);
    const report = reportSchema.parse(JSON.parse(await readFile(at('run/report.json'), 'utf8')));
    expect(report).toEqual(result.report);
    expect(report.demo).toBe(true);
    expect(report.baseline).toBe(0.5);
    expect(report.stackers.map(({ kind }) => kind)).toEqual(['mean', 'dense', 'logistic']);
    expect(report.stackers.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(report.dataset.counts).toEqual(counts);
    expect(report.flaws).toEqual([]);
    expect(report.stacking).toBe(
      `${counts.folds[0]!.outOfFold} images were held out from every member for the stackers`,
    );
    expect(report.verdict).toContain('This is a demonstration with generated images or random weights');
  });

  it('counts every test image, the partial last batch included', () => {
    for (const { test: score } of [...result.report.members, ...result.report.stackers]) expect(score!.count).toBe(50);
  });

  it('lists skipped files and pictures that lie in two splits', () => {
    expect(result.report.dataset.skipped).toEqual([
      { path: 'train/stars/stars-00001.png', reason: expect.stringContaining('not an image'), kind: 'image' },
    ]);
    expect(result.report.dataset.duplicates).toMatchObject([
      { paths: ['train/discs/discs-00000.png', 'validation/discs/discs-00000.png'] },
    ]);
  });

  it('trains each member on its own device, as TensorFlow names it', () => {
    const trainings = result.report.members.flatMap((member) => member.trainings);
    expect(trainings.map(({ device, backingDevice }) => [device, backingDevice])).toEqual([
      ['cpu:1', '/job:localhost/replica:0/task:0/device:CPU:1'],
      ['cpu:2', '/job:localhost/replica:0/task:0/device:CPU:2'],
    ]);
  });

  it('trains them at the same time', () => {
    const [wide, slim] = ['wide', 'slim'].map((name) => epochs.filter((epoch) => epoch.member === name));
    const overlap = wide!.some((one) =>
      slim!.some((other) => one.startedAtMs < other.trainedUntilMs && other.startedAtMs < one.trainedUntilMs),
    );
    expect(overlap).toBe(true);
  });

  it('reads no test image before everything is decided', () => {
    expect(result.report.testImagesReadBeforeChoice).toBe(0);
  });

  it('logs a line per epoch and member', async () => {
    const lines = (await readFile(at('run/metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(epochs);
    expect(epochs).toHaveLength(12);
  });

  it('says where the wall time of each lane went: what it worked on and what it waited for', () => {
    const { lanes, seconds } = result.report;
    expect(lanes.map(({ device, tasks }) => [device, tasks.map(({ kind }) => kind).toSorted()])).toEqual([
      ['cpu:1', ['predict', 'train']],
      ['cpu:2', ['predict', 'train']],
    ]);
    for (const { busySeconds, waits } of lanes) {
      const all = waits.reduce((sum, wait) => sum + wait.seconds, busySeconds);
      expect(all).toBeCloseTo(seconds.total, 6);
      expect(waits.map((wait) => wait.for)).toEqual([
        'finding weights, data and devices',
        'decoding images',
        'other lanes, or checking finished members',
        'the stackers',
        'testing members on other lanes',
        'writing the bundle and the report',
        'starting its thread and TensorFlow',
      ]);
    }
  });

  it('writes predictions from which its figures can be recomputed', async () => {
    const [header, ...rows] = (await readFile(at('run/predictions.csv'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(rows).toHaveLength(50);
    for (const { kind, test: score } of result.report.stackers) {
      const [discs, stars] = [header!.indexOf(`${kind}:discs`), header!.indexOf(`${kind}:stars`)];
      const right = rows.filter(
        (row) => (Number(row[discs]) >= Number(row[stars]) ? 'discs' : 'stars') === row[1],
      ).length;
      expect(right).toBe(score.correct);
    }
  });

  it('leaves a bundle that says the same of freshly decoded files when all else is gone', async () => {
    await cp(at('run/bundle'), at('elsewhere'), { recursive: true });
    const csv = (await readFile(at('run/predictions.csv'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const chosen = result.report.stackers.find((stacker) => stacker.chosen)!;
    const column = csv[0]!.indexOf(`${chosen.kind}:stars`);
    await cp(at('run'), at('run-copy'), { recursive: true });
    await rm(at('run'), { recursive: true });
    const evaluation = await evaluateBundle(at('elsewhere'), data, { workers: 'cpu:0', runtime });
    expect(evaluation.ensemble.test.correct).toBe(chosen.test.correct);
    expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
      result.report.members.map(({ test: score }) => score!.correct),
    );
    const recorded = new Map(csv.slice(1).map((row) => [row[0], Number(row[column])]));
    expect(evaluation.predictions).toHaveLength(50);
    for (const { path, probabilities } of evaluation.predictions)
      expect(Math.abs(probabilities.stars! - recorded.get(path)!)).toBeLessThan(1e-5);
  });

  it('predicts files in the order given, and says why one cannot be', async () => {
    const files = ['stars/stars-00003.png', 'discs/discs-00003.png'].map((name) => join(data, 'validation', name));
    const bad = join(data, 'train/stars/stars-00001.png');
    const { predictions, skipped } = await predictFiles(at('elsewhere'), [files[0]!, bad, files[1]!], {
      workers: 'cpu:0',
      runtime,
    });
    expect(predictions.map(({ path }) => path)).toEqual(files);
    for (const { probabilities } of predictions) expect(probabilities.discs! + probabilities.stars!).toBeCloseTo(1, 6);
    expect(skipped).toMatchObject([{ path: bad }]);
  });

  it('refuses a bundle of which a bit was flipped', async () => {
    await cp(at('elsewhere'), at('damaged'), { recursive: true });
    const path = at('damaged/members/slim/1.bin');
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    await expect(predictFiles(at('damaged'), [path])).rejects.toThrow(/slim\/1\.bin is damaged: expected sha256/);
  });

  it('has its JSON schema beside the package', async () => {
    const committed = JSON.parse(await readFile(new URL('../report.schema.json', import.meta.url), 'utf8'));
    expect(committed).toEqual(JSON.parse(JSON.stringify(reportJsonSchema())));
  });

  it('does not start in a folder that holds a run, or one that cannot be written to', async () => {
    await expect(train(small(), { out: at('run-copy') })).rejects.toThrow(/There is a run in .*run-copy already\.$/);
    await writeFile(at('file'), '');
    const blocked = train(small(), { out: at('file/run') });
    await expect(blocked).rejects.toThrow(ConfigError);
    await expect(blocked).rejects.toThrow(/received: a part of the path is not a folder\.$/);
  });
});

describe('k folds', () => {
  it.each([
    ['refit', ['fold-1', 'fold-2', 'fold-3', 'all'], 1, 'the model of all'],
    ['average', ['fold-1', 'fold-2', 'fold-3'], 3, 'the mean of 3 models'],
  ] as const)(
    'trains each member once per fold; the bundle has them by %s and gives the same answers',
    async (members, parts, modelCount, predictsWith) => {
      const finished: string[] = [];
      const { report } = await train(
        {
          ...small(),
          ...twoLanes,
          recipe: { batchSize: 16, whole: { epochCount: 1 } },
          stacking: { kind: 'kfold', folds: 3, members },
        },
        {
          out: at(`folds-${members}`),
          observer: {
            onMember: (task, { state }) => state === 'done' && void finished.push(task),
          },
        },
      );
      expect(report.testImagesReadBeforeChoice).toBe(0);
      expect(finished.toSorted()).toEqual(
        ['wide', 'slim'].flatMap((name) => parts.map((part) => `${name}/${part}`)).toSorted(),
      );
      for (const member of report.members) {
        expect(member.trainings.map(({ fold }) => foldName(fold))).toEqual(parts);
        expect(member.predictsWith).toBe(predictsWith);
      }
      // 79 usable images in train, each held out once.
      expect(report.dataset.counts.training).toBe(79);
      const outOfFold = report.dataset.counts.folds.map((fold) => fold.outOfFold);
      expect(outOfFold.reduce((sum, one) => sum + one, 0)).toBe(79);
      expect(report.stacking).toContain('each member was trained once without each of 3 folds');
      expect(report.dataset.duplicates).toMatchObject([{ splits: [expect.stringMatching(/^fold-\d$/), 'test'] }]);

      // Of a fold that only answers for the stackers no weights are kept.
      const kept = parts.filter((part) => existsSync(at(`folds-${members}/members/wide/${part}/weights.bin`)));
      expect(kept).toEqual(members === 'refit' ? ['all'] : parts);
      const bundle = await readBundle(at(`folds-${members}/bundle`));
      expect(bundle.members.map(({ models }) => models.length)).toEqual([modelCount, modelCount]);
      const evaluation = await evaluateBundle(at(`folds-${members}/bundle`), data, { workers: 'cpu:0', runtime });
      expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
        report.members.map(({ test: score }) => score!.correct),
      );
      expect(evaluation.ensemble.test.logLoss).toBeCloseTo(
        report.stackers.find(({ chosen }) => chosen)!.test.logLoss,
        5,
      );
    },
  );

  it('goes on with the trainings that are whole: only a damaged fold is trained again', async () => {
    const weights = at('folds-average/members/slim/fold-2/weights.bin');
    await writeFile(weights, (await readFile(weights)).subarray(4));
    const warned: string[] = [];
    const onWarning = (task: string, message: string) => void warned.push(`${task}: ${message}`);
    const { report } = await train({}, { resume: at('folds-average'), observer: { onWarning } });
    expect(warned).toEqual([expect.stringMatching(/^slim\/fold-2: .*weights\.bin is damaged: .* trained again\.$/)]);
    const resumed = report.members.flatMap(({ trainings }) => trainings.map((one) => one.resumed));
    expect(resumed).toEqual([true, true, true, true, false, true]);
  });

  it.skipIf(!existsSync(pretrained))(
    'computes what a frozen backbone makes of the images once for all folds (needs ../shared)',
    async () => {
      const { report } = await train(
        {
          ...small(),
          ...twoLanes,
          weights: pretrained,
          recipe: { batchSize: 16, head: { epochCount: 3 }, fineTune: { lastLayers: 0 } },
          stacking: { kind: 'kfold', folds: 3, members: 'refit' },
        },
        { out: at('frozen-folds') },
      );
      const tasks = report.lanes.flatMap((lane) => lane.tasks.map(({ task, kind }) => `${kind} ${task}`));
      expect(tasks.filter((task) => task.startsWith('features')).toSorted()).toEqual([
        'features slim/features',
        'features wide/features',
      ]);
      expect(tasks.filter((task) => task.startsWith('train'))).toHaveLength(8);
    },
  );

  it.skipIf(!existsSync(pretrained)).each([true, false])(
    'answers from shared features as the whole model does, mirror %s (needs ../shared)',
    async (testTimeAugmentation) => {
      const out = at(`shared-${testTimeAugmentation}`);
      const experiment: Partial<ExperimentInput> = {
        ...small(),
        ...{ weights: pretrained, testTimeAugmentation, seed: 3 },
        recipe: { batchSize: 16, flip: false, head: { epochCount: 3 }, fineTune: { lastLayers: 0 } },
        stacking: { kind: 'kfold', folds: 2, members: 'average' },
      };
      await train(experiment, { out });
      // The model of one fold, as a bundle of its own, on the images that the fold held out.
      const { manifest, weights, outOfFoldLogits } = await readMember(join(out, 'members/slim/fold-1'));
      if (weights === undefined) throw new Error('a fold that answers in the bundle keeps its weights');
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
      // One file of the training images is damaged: its row is in neither.
      expect(predictions).toHaveLength(outOfFoldLogits.length);
      for (const [row, { probabilities }] of predictions.entries())
        expect(Math.abs(probabilities.stars! - 1 / (1 + Math.exp(-outOfFoldLogits[row]!)))).toBeLessThan(1e-5);
    },
  );

  it.skipIf(!existsSync(pretrained))(
    'fail a member whole when its weights do not fit, and leave the others alone (needs ../shared)',
    async () => {
      const folder = await weightsWith('slim');
      const { report, exitCode } = await train(
        { ...three(folder), stacking: { kind: 'kfold', folds: 2, members: 'average' } },
        { out: at('fold-fails') },
      );
      expect(exitCode).toBe(3);
      expect(report.members.map(({ name, status, trainings }) => [name, status, trainings.length])).toEqual([
        ['wide', 'done', 2],
        ['slim', 'failed', 0],
        ['third', 'done', 2],
      ]);
      expect(report.members[1]!.reason).toMatch(/^features: mobilenet_2_5_128_tf_no_top\.h5: /);
    },
  );
});

it('runs three lanes with a member each, on the devices that they are assigned to', async () => {
  const [wide, slim] = small().members! as ExperimentInput['members'] as [object, object];
  const third = { ...slim, name: 'third' };
  const members = [wide, slim, third].map((member, index) => ({ ...member, worker: [2, 0, 1][index] }));
  const { report } = await train(
    {
      ...small(),
      members: members as ExperimentInput['members'],
      workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }, { device: 'cpu:2' }],
      recipe: { batchSize: 64, whole: { epochCount: 1 } },
    },
    { out: at('pinned') },
  );
  const devices = report.members.flatMap(({ trainings }) =>
    trainings.map((one) => [one.device, one.backingDevice.at(-1)]),
  );
  expect(devices).toEqual([
    ['cpu:2', '2'],
    ['cpu:0', '0'],
    ['cpu:1', '1'],
  ]);
  expect(report.lanes.map(({ device, tasks }) => [device, tasks[0]!.task])).toEqual([
    ['cpu:0', 'slim'],
    ['cpu:1', 'third'],
    ['cpu:2', 'wide'],
  ]);
});

it('has members of two input sizes, decodes each image once for both, and so does the bundle', async () => {
  const [wide, slim] = small().members! as [object, object];
  const decoded: [number, number][] = [];
  const { report } = await train(
    {
      ...small(),
      members: [wide, { ...slim, inputSize: 48 }] as ExperimentInput['members'],
      recipe: { batchSize: 16, whole: { epochCount: 1 } },
    },
    { out: at('two-sizes'), observer: { onDecode: (done, total) => decoded.push([done, total]) } },
  );
  expect(decoded).toEqual(decoded.map((_, index) => [index + 1, 130]));
  expect(decoded).toHaveLength(130);
  expect(report.dataset.inputSizes).toEqual([32, 48]);
  expect(report.members.map(({ inputSize }) => inputSize)).toEqual([32, 48]);
  const evaluation = await evaluateBundle(at('two-sizes/bundle'), data, { workers: 'cpu:0', runtime });
  expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
    report.members.map(({ test: score }) => score!.correct),
  );
});

it('row 10 of the faults: odd names go through to the predictions and the report as they are', async () => {
  const odd = [
    'a\nb.png',
    '--x.png',
    '<img src=x onerror=alert(1)>.png',
    'say "hi", you.png',
    'é…🙂.png',
    `${'n'.repeat(251)}.png`,
  ];
  const folder = at('odd-names');
  await cp(data, folder, { recursive: true });
  for (const form of ['discs', 'stars'])
    for (const [index, name] of odd.entries())
      await cp(join(data, `validation/${form}/${form}-0000${index + 1}.png`), join(folder, 'validation', form, name));
  const { report } = await train(
    { ...small(), data: { source: folder }, recipe: { batchSize: 64, whole: { epochCount: 1 } } },
    { out: at('odd-run') },
  );
  expect(report.dataset.counts.test).toBe(50 + 2 * odd.length);
  const paths = csvRows(await readFile(at('odd-run/predictions.csv'), 'utf8')).map(([path]) => path);
  for (const name of odd) expect(paths).toContain(`validation/stars/${name}`);
  const evaluation = await evaluateBundle(at('odd-run/bundle'), folder, { workers: 'cpu:0', runtime });
  expect(evaluation.predictions.map(({ path }) => path)).toEqual(paths.slice(1));
  // A picture and its copy under another name are both in the test: no two sets share it.
  const { duplicates } = report.dataset;
  expect(duplicates.filter(({ splits }) => splits.length > 1)).toHaveLength(1);
  expect(duplicates.filter(({ splits }) => `${splits}` === 'test')).toHaveLength(2 * odd.length);
});

it("runs the article's procedure with its flaws, and says which ones", async () => {
  const epochs: EpochMetrics[] = [];
  const { flaws, stacking, stackers, testTimeAugmentation } = article;
  const { report } = await train(
    {
      ...{ ...small(), flaws, stacking, stackers, testTimeAugmentation },
      recipe: { batchSize: 16, flip: false, whole: { epochCount: 2, learningRate: 1e-4, patience: 1 } },
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
  expect(report.verdict).toContain('The procedure has 8 known flaws, which flatter these figures.');
  // 50 test images are three whole batches and a rest; they were watched while training.
  expect(report.dataset.counts).toMatchObject({
    training: 79,
    test: 48,
    folds: [{ fit: 79, tune: 48, outOfFold: 79 }],
  });
  expect(report.testImagesReadBeforeChoice).toBe(48);
  // Patience of one epoch stops nobody, and what fills no batch of 16 is left out of 79.
  expect(epochs.map(({ task, epochIndex, stepCount }) => [task, epochIndex, stepCount]).toSorted()).toEqual([
    ['slim', 0, 4],
    ['slim', 1, 4],
    ['wide', 0, 4],
    ['wide', 1, 4],
  ]);
  const { manifest } = await readBundle(at('article/bundle'));
  expect(manifest.decoding.resize).toBe('opencv');
  expect(manifest.members.flatMap(({ models }) => models.map(({ model }) => model.preprocessing))).toEqual([
    'raw-bgr',
    'raw-bgr',
  ]);
  expect(report.stackers.map(({ kind, test: score }) => [kind, score.count])).toEqual([['dense', 48]]);
  const evaluation = await evaluateBundle(at('article/bundle'), data, { workers: 'cpu:0', runtime });
  expect(evaluation.ensemble.test.correct).toBe(report.stackers[0]!.test.correct);
});

describe('members that fail', () => {
  it.skipIf(!existsSync(pretrained))(
    'do not take the others with them: exit code 3, their reason in the report (needs ../shared)',
    async () => {
      const { report, exitCode } = await train(three(await weightsWith('wide')), { out: at('one-fails') });
      expect(exitCode).toBe(3);
      expect(report.members.map(({ name, status }) => [name, status])).toEqual([
        ['wide', 'failed'],
        ['slim', 'done'],
        ['third', 'done'],
      ]);
      expect(report.members[0]!.reason).toContain('mobilenet_5_0_160_tf_no_top.h5');
      expect(report.verdict).toContain('Members that failed and are not part of it: wide.');
      expect(report.members[1]!.weights).toMatchObject({
        note: 'trained at 128 px, used at 32 px',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(report.demo).toBe(false);
    },
  );

  it('leave a report and exit code 5 when too few are left', async () => {
    const folder = await weightsWith('wide', 'slim', 'third');
    const run = train(three(folder), { out: at('all-fail') });
    await expect(run).rejects.toThrow(TooFewMembersError);
    await expect(run).rejects.toThrow(/0 of 3 members finished, 2 are needed: wide: /);
    const report = reportSchema.parse(JSON.parse(await readFile(at('all-fail/report.json'), 'utf8')));
    expect(report.members.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
    expect(report.stackers).toEqual([]);
    expect(report.verdict).toContain('There is no ensemble');
  });
});

describe('stopping and going on', () => {
  it('stops at a batch edge and keeps what is finished; a damaged member is trained again', async () => {
    const controller = new AbortController();
    const stopped = train(small(), {
      out: at('stopped'),
      signal: controller.signal,
      // One lane: when the second member starts, the first is done.
      observer: { onMember: (name, { state }) => state === 'running' && name === 'slim' && controller.abort() },
    });
    await expect(stopped).rejects.toThrow(StoppedError);
    expect(await readdir(at('stopped/members'))).toEqual(['wide']);
    expect(existsSync(at('stopped/report.json'))).toBe(false);

    const states: string[] = [];
    const observer = { onMember: (name: string, { state }: MemberState) => void states.push(`${name} ${state}`) };
    const { report } = await train({}, { resume: at('stopped'), observer });
    expect(states).toContain('wide kept');
    expect(states).toContain('slim done');
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);

    const bytes = await readFile(at('stopped/members/wide/holdout/weights.bin'));
    await writeFile(at('stopped/members/wide/holdout/weights.bin'), bytes.subarray(1));
    const warnings: string[] = [];
    states.length = 0;
    await train(
      {},
      { resume: at('stopped'), observer: { ...observer, onWarning: (_, message) => void warnings.push(message) } },
    );
    expect(warnings).toEqual([expect.stringMatching(/weights\.bin is damaged: .* It is trained again\./)]);
    expect(states).toContain('wide done');
    expect(states).toContain('slim kept');
  });

  it('changes no file of a finished run, whose models the disk holds once', async () => {
    const state = async () => {
      const entries = await readdir(at('stopped'), { recursive: true, withFileTypes: true });
      const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
      return Promise.all(
        paths.map(async (path) => {
          const { mtimeMs, ino, isFile } = await stat(path).then((one) => ({ ...one, isFile: one.isFile() }));
          return { path, mtimeMs, ino, sum: isFile ? sha256(await readFile(path)) : '' };
        }),
      );
    };
    const before = await state();
    const { report, wasFinished, exitCode } = await train({}, { resume: at('stopped') });
    expect(await state()).toEqual(before);
    expect({ wasFinished, exitCode }).toEqual({ wasFinished: true, exitCode: 0 });
    expect(report).toEqual(JSON.parse(await readFile(at('stopped/report.json'), 'utf8')));
    const inodeOf = (name: string) => before.find(({ path }) => path === at(`stopped/${name}`))!.ino;
    for (const name of ['wide', 'slim'])
      expect(inodeOf(`bundle/members/${name}/1.bin`)).toBe(inodeOf(`members/${name}/holdout/weights.bin`));
    await rm(at('stopped/bundle'), { recursive: true });
    expect((await train({}, { resume: at('stopped') })).wasFinished).toBe(false);
    await rm(at('stopped/members'), { recursive: true });
    expect((await readBundle(at('stopped/bundle'))).members).toHaveLength(2);
    await expect(readBundle(at('stopped'))).rejects.toThrow(
      `Expected a bundle at ${at('stopped')}, received a run folder; did you mean ${at('stopped/bundle')}?`,
    );
  });

  it('stops while it decodes', async () => {
    const controller = new AbortController();
    const stopped = train(small(), {
      out: at('undecoded'),
      signal: controller.signal,
      observer: { onDecode: () => controller.abort() },
    });
    await expect(stopped).rejects.toThrow(StoppedError);
    await expect(stopped).rejects.toThrow(/^The run was stopped\.$/);
    // Nothing was trained: there is nothing to go on with, and the folder is free.
    expect(existsSync(at('undecoded'))).toBe(false);
  });

  it('goes on after a kill, with the same images only', async () => {
    expect(await killed).toBe('SIGKILL');
    const { report } = await train({}, { resume: at('killed') });
    expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
    await rm(at('killed/report.json'));
    await cp(join(data, 'train/stars/stars-00002.png'), join(data, 'train/stars/stars-99999.png'));
    await expect(train({}, { resume: at('killed') })).rejects.toThrow(/are not those that the run in .* started with/);
    await rm(join(data, 'train/stars/stars-99999.png'));
  });
});

it('does not go on with a training that began with other weights', async () => {
  await train({ ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } }, { out: at('other-weights') });
  const path = at('other-weights/members/slim/holdout/member.json');
  const member = JSON.parse(await readFile(path, 'utf8'));
  const changed = JSON.stringify({ ...member, weights: { source: 'elsewhere.h5', sha256: 'a'.repeat(64) } });
  await writeFile(path, changed);
  const sums = at('other-weights/members/slim/holdout/SHA256SUMS');
  await writeFile(sums, (await readFile(sums, 'utf8')).replace(/^.*member\.json$/m, `${sha256(changed)}  member.json`));
  await rm(at('other-weights/report.json'));
  const warnings: string[] = [];
  const onWarning = (task: string, message: string) => void warnings.push(`${task}: ${message}`);
  const { report } = await train({}, { resume: at('other-weights'), observer: { onWarning } });
  expect(warnings).toEqual(['slim: slim started from other weights (elsewhere.h5). It is trained again.']);
  expect(report.members.map(({ trainings }) => trainings[0]!.resumed)).toEqual([true, false]);
});

it('tells of a failed member when it fails, with its own time, and trains no more of its folds', async () => {
  const told: string[] = [];
  const onMember = (task: string, { state }: MemberState) => void told.push(`${task} ${state}`);
  const broken = await mkdtemp(at('weights-'));
  for (const name of Object.values(names)) await writeFile(join(broken, name), 'This is a text.');
  const run = train(
    { ...three(broken), workers: [{ device: 'cpu:1' }], stacking: { kind: 'kfold', folds: 2, members: 'average' } },
    { out: at('told'), observer: { onMember } },
  );
  await expect(run).rejects.toThrow(TooFewMembersError);
  const features = ['third', 'wide', 'slim'].flatMap((name) => [`${name}/features running`, `${name}/features failed`]);
  const folds = ['slim', 'third', 'wide'].flatMap((name) => [`${name}/fold-1 skipped`, `${name}/fold-2 skipped`]);
  expect(told.slice(0, 6)).toEqual(features);
  expect(told.slice(6).toSorted()).toEqual(folds);
});

it('an observer that throws becomes a warning, and the run goes on', async () => {
  const warned = new Promise<Error>((done) => process.once('warning', done));
  const onBatch = () => {
    throw new RangeError('of the listener');
  };
  const { exitCode } = await train(
    { ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } },
    { out: at('observed'), observer: { onBatch } },
  );
  expect(exitCode).toBe(0);
  expect((await warned).message).toContain("the observer's onBatch threw: RangeError: of the listener");
});

describe('what is refused before there is a run folder', () => {
  test.each<[string, () => Partial<ExperimentInput>, RegExp]>([
    [
      'a typo in the data folder',
      () => ({ ...small(), data: { source: at('dta') } }),
      /received: no such file or folder/,
    ],
    [
      'a data folder without classes',
      () => ({ ...small(), data: { source: at('weights-only') } }),
      /a folder per class/,
    ],
    [
      'weights that are not there',
      () => ({ ...small(), weights: at('none') }),
      /weight files at .*received: no such file or folder/,
    ],
    ['a device that is not there', () => ({ ...small(), workers: [{ device: 'gpu:7' }] }), /no device gpu:7/],
    [
      'too little memory',
      () => ({ ...small(), recipe: { batchSize: 4096 }, inputSize: 1024 }),
      /pixels need .* and training .*; this machine has/,
    ],
    [
      'a class with too few images',
      () => ({ ...small(), stacking: { kind: 'kfold', folds: 20 }, data: { source: data, limitPerClass: 10 } }),
      /Expected at least 22 images of class/,
    ],
    [
      'too many damaged images',
      () => ({ ...small(), data: { source: at('mostly-bad') } }),
      /2 of 12 images in .*mostly-bad cannot be used/,
    ],
  ])('%s', async (_, experiment, message) => {
    await mkdir(at('weights-only'), { recursive: true });
    for (const form of ['discs', 'stars'])
      for (const index of [0, 1, 2, 3, 4, 5]) {
        const path = join(at('mostly-bad'), form, `${index}.png`);
        await mkdir(join(path, '..'), { recursive: true });
        if (index < 5) await cp(join(data, `train/${form}/${form}-0000${index + 2}.png`), path);
        else await writeFile(path, 'This is a text.');
      }
    const run = train(experiment(), { out: at('refused/run') });
    await expect(run).rejects.toThrow(message);
    expect(classifyError(await run.catch((error: unknown) => error)).forUser).toBe(true);
    expect(existsSync(at('refused'))).toBe(false);
    expect((await readdir(parent)).filter((name) => name.startsWith('.') || name.endsWith('.lock'))).toEqual([]);
  });
});

it('lets one of two runs have a folder that both were given; the other one ends before it trains', async () => {
  const quick = { ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } };
  const trained: number[] = [];
  const outcomes = await Promise.allSettled(
    [0, 1].map((run) => train(quick, { out: at('both'), observer: { onMember: () => void trained.push(run) } })),
  );
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = outcomes.findIndex(({ status }) => status === 'rejected');
  expect(String((outcomes[refused] as PromiseRejectedResult).reason)).toMatch(/There is a run in|is in use by process/);
  expect(trained).not.toContain(refused);
});

describe('what is refused before anything is decoded', () => {
  test.each<[string, () => Partial<ExperimentInput>, RegExp]>([
    [
      'a device that is not there',
      () => ({ ...small(), workers: [{ device: 'gpu:7' }] }),
      /There is no device gpu:7; this machine has cpu:0/,
    ],
    [
      'a folder without weights',
      () => ({ ...small(), weights: data }),
      /has no weights for member wide \(mobilenet 0\.5\); it has no \.h5 file/,
    ],
    [
      'images that are not there',
      () => ({ ...small(), data: { source: at('none') } }),
      /Expected a folder of images at .*none, received: no such file or folder/,
    ],
  ])('%s', async (_, experiment, message) => {
    let decoded = false;
    const onDecode = () => {
      decoded = true;
    };
    await expect(train(experiment(), { out: await mkdtemp(at('refused-')), observer: { onDecode } })).rejects.toThrow(
      message,
    );
    expect(decoded).toBe(false);
  });
});

it('the example of the README runs', async () => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const example = /```js\n(import { train }[\s\S]*?)```/.exec(readme)![1]!;
  await mkdir(at('example'));
  const code = example
    .replace("'@chorus/orchestration'", JSON.stringify(new URL('../dist/index.js', import.meta.url).href))
    .replace("'./photos'", JSON.stringify(data));
  await writeFile(at('example/train.mjs'), code);
  const child = spawn(process.execPath, [at('example/train.mjs')], { cwd: at('example') });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.pipe(process.stderr);
  expect(await new Promise((done) => child.on('exit', done))).toBe(0);
  expect(output).toMatch(/The ensemble \((mean|dense|logistic)\) classifies \d+ of 50 test images correctly/);
});

/** A run in a process of its own, killed when its second member starts; the signal that ended it. */
function killedRun(out: string): Promise<NodeJS.Signals | null> {
  const experiment = JSON.stringify(small());
  const script = `import { train } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    await train(${experiment}, { out: ${JSON.stringify(out)},
      observer: { onMember: (name, { state }) => name === 'slim' && state === 'running' && process.kill(process.pid, 'SIGKILL') } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
  return new Promise((done) => child.on('exit', (_, signal) => done(signal)));
}

/** Reads RFC 4180, quoted line ends included. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
