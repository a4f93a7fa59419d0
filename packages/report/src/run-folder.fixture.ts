/** A small finished run, written without training. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodePng } from '@chorus/data';
import { scoreProbabilities } from '@chorus/evaluation';
import { type GradCam, type Report, reportSchema } from '@chorus/orchestration';

export interface RunFolderOptions {
  classes?: readonly string[];
  /** Name of the image with a number and a class. */
  imageName?: (index: number, label: number) => string;
  memberName?: string;
  seed?: number;
  datasetFingerprint?: string;
  /** Number of classes, the first ones, without an error of the ensemble. */
  classesWithoutErrors?: number;
  /** Whether it has Grad-CAM maps; by default true. */
  hasGradCam?: boolean;
  /** Changes the report before it is written. */
  change?: (report: Report) => Report;
}

/** Images per class in the test set. */
const perClass = 6;

const initialWeights = { source: '/weights/slim.safetensors', sha256: '0123456789abcdef'.repeat(4) };

/**
 * Writes a run folder with a data folder of tiny images.
 *
 * @returns absolute paths.
 */
export async function writeRunFolder({
  classes = ['cats', 'dogs'],
  imageName = (index) => `picture-${index}.png`,
  memberName = 'a',
  seed = 0,
  datasetFingerprint = 'same',
  classesWithoutErrors = 0,
  hasGradCam = true,
  change = (report) => report,
}: RunFolderOptions = {}): Promise<{ folder: string; data: string; report: Report }> {
  const parent = await mkdtemp(join(tmpdir(), 'chorus-report-'));
  const [folder, data] = [join(parent, `run-${seed}`), join(parent, 'data')];
  const images = classes.flatMap((_, label) =>
    Array.from({ length: perClass }, (_, index) => ({ label, path: `test/${label}/${imageName(index, label)}` })),
  );
  const labels = images.map(({ label }) => label);
  // The last image of each class is taken for the next class; the second member errs on the first, too.
  const probabilitiesOf = (errors: readonly number[]) =>
    Float32Array.from(
      labels.flatMap((label, row) => {
        const isWrong = label >= classesWithoutErrors && errors.includes(row % perClass);
        const answer = isWrong ? (label + 1) % classes.length : label;
        const sure = 0.6 + 0.05 * (row % perClass);
        return classes.map((_, index) => (index === answer ? sure : (1 - sure) / (classes.length - 1)));
      }),
    );
  const [first, second] = [probabilitiesOf([perClass - 1]), probabilitiesOf([0, perClass - 1])];
  const scoreOf = (probabilities: Float32Array) => scoreProbabilities(probabilities, labels, classes);
  const names = [memberName, 'b'] as const;
  const member = (name: string, probabilities: Float32Array): Report['members'][number] => ({
    ...{ name, backbone: 'mobilenet 0.25', inputSize: 96, status: 'done', seconds: 2, trainings: [] },
    ...{ predictsWith: 'the model of all', weights: initialWeights, recipe: 'transfer' },
    ...{ outOfFold: { accuracy: 0.9, logLoss: 0.3 }, test: scoreOf(probabilities) },
  });
  const wrong = images.flatMap(({ label, path }, row) =>
    label >= classesWithoutErrors && row % perClass === perClass - 1
      ? [{ path, label: classes[label]!, predicted: classes[(label + 1) % classes.length]!, probability: 0.85 }]
      : [],
  );
  const issue = { ...wrong[0]!, suggested: wrong[0]!.predicted };
  const measures = { error: 0.05, brier: 0.2, logLoss: 0.3 };
  const fold = { fold: { kind: 'holdout' as const }, fit: 20, tune: 4, outOfFold: 8 };
  const report = change(
    reportSchema.parse({
      schemaVersion: 3,
      experiment: {
        ...{ preset: 'demo', versions: { chorus: '0.1.0', node: '20.19.0' }, name: 'demo', seed },
        data: { source: data },
      },
      ...{ demo: true, flaws: [{ name: 'aFlaw', description: 'A flaw.', flatters: true }], choices: ['A choice.'] },
      dataset: {
        name: 'shapes',
        classes,
        counts: { training: 32, test: labels.length, folds: [fold] },
        ...{ inputSizes: [96], splits: [{ folder: 'test', role: 'test' }], notices: ['test/ is the test set'] },
        skipped: [{ path: `test/0/${imageName(99, 0)}`, reason: 'not an image: text', kind: 'image' }],
        ...{ hidden: { count: 0, paths: [] }, beyondLimit: 0, duplicatesComplete: true },
        sizes: {
          formats: { png: 30, jpeg: 2 },
          dimensions: { smallest: [24, 16], median: [24, 16], largest: [400, 90], belowInputSize: 31, elongated: 1 },
          shorterSides: [
            { from: 16, to: 22, count: 30 },
            { from: 23, to: 31, count: 0 },
            { from: 32, to: 44, count: 2 },
          ],
        },
        // The data folder has only test images.
        sample: classes.map((name, label) => ({
          class: name,
          paths: images
            .filter((image) => image.label === label)
            .map(({ path }) => path)
            .slice(0, 2),
        })),
        duplicates: [
          {
            ...{ kind: 'exact', paths: [images[0]!.path, images[1]!.path], labels: [classes[0]!] },
            ...{ splits: ['test'], action: 'reported', leftOut: [] },
          },
          {
            ...{ kind: 'near', paths: [images[2]!.path, images[3]!.path], labels: [classes[0]!] },
            ...{ splits: ['fit', 'test'], action: 'reported', leftOut: [] },
          },
        ],
      },
      imbalance: {
        classes: classes.map((name) => ({ name, count: 16 })),
        ...{ ratio: 1, remedy: { kind: 'none' }, reason: 'recipe.imbalance is auto, and the ratio is not above 3' },
      },
      ...{ testImagesReadBeforeChoice: 0, baseline: 1 / classes.length, bestMember: memberName },
      members: [member(memberName, first), member('b', second)],
      stackers: [
        {
          ...{ kind: 'mean', chosen: true, outOfFold: { accuracy: 0.9, logLoss: 0.3 }, test: scoreOf(first) },
          mcnemar: { against: memberName, onlyStacker: 0, onlyMember: 0, p: 1, pHolm: 1 },
        },
        {
          ...{ kind: 'dense', chosen: false, outOfFold: { accuracy: 0.9, logLoss: 0.35 }, test: scoreOf(second) },
          mcnemar: { against: memberName, onlyStacker: 0, onlyMember: 2, p: 0.5, pHolm: 1 },
          curve: { fit: [0.7, 0.5, 0.4], validation: [0.6, 0.45, 0.46], keptEpochIndex: 1 },
        },
      ],
      verdict: `The ensemble (mean) classifies most test images of ${classes[0]} correctly.`,
      stacking: '8 images were held out from every member for the stackers',
      lanes: [
        {
          ...{ device: 'cpu:0', forward: 'tensorflow', busySeconds: 4, waits: [] },
          tasks: names.map((name) => ({ task: `${name}/holdout`, kind: 'train', seconds: 2 })),
          spans: names.map((name, index) => ({
            ...{ task: `${name}/holdout`, kind: 'train', fromSeconds: 2 + 2 * index, toSeconds: 4 + 2 * index },
          })),
        },
      ],
      ...{ lanesBusy: 0.9, mistakes: wrong },
      labelAudit: {
        note: 'Every accuracy in this report is measured with the labels as they are.',
        training: null,
        test: {
          ...{ examined: labels.length, implausible: 1 },
          worst: [
            {
              ...{ path: issue.path, label: issue.label, suggested: issue.suggested },
              ...{ probabilityOfLabel: 0.1, probabilityOfSuggested: 0.85, score: 0.1 },
            },
          ],
        },
      },
      analysis: {
        images: { outOfFold: 8, test: labels.length },
        members: names.map((name, index) => ({ name, gain: 0.01 - 0.02 * index })),
        pairs: [{ members: names, disagreement: 0.2, doubleFault: 0.1 }],
        calibration: {
          ...{ temperature: 1.1, outOfFold: { before: measures, after: measures } },
          test: { before: measures, after: measures },
          bins: [{ from: 0.6, to: 0.9, count: labels.length, confidence: 0.75, accuracy: 0.8 }],
        },
        predictionSets: [
          { wanted: 0.9, threshold: 0.1, test: { coverage: 0.96, meanSize: 1.25, single: 0.75, empty: 0 } },
        ],
        logLossAgainstBestMember: { difference: -0.0123, interval: [-0.031, 0.0045] },
        answeredShares: [
          {
            ...{ wanted: 0.8, threshold: 0.65 },
            ...{ outOfFold: { coverage: 0.8, accuracy: 1 }, test: { coverage: 0.75, accuracy: 0.875 } },
          },
        ],
        answers: [{ wanted: 0.9, threshold: 0.7, outOfFold: null, test: { coverage: 0.5, accuracy: 1 } }],
        intervals: { logLoss: [0.21, 0.43], balancedAccuracy: [0.61, 0.97], auc: null },
      },
      testTimeAugmentation: {
        ...{ chosen: 'mirror', images: 8 },
        candidates: [
          { kind: 'none', views: 1, logLoss: 0.35, excess: 0.05, standardError: 0.02 },
          { kind: 'mirror', views: 2, logLoss: 0.31, excess: 0.01, standardError: 0.02 },
          { kind: 'zoom', views: 2, logLoss: 0.32, excess: 0.02, standardError: 0.01 },
          { kind: 'scales', views: 6, logLoss: 0.3, excess: 0, standardError: 0 },
          { kind: 'five-crops', views: 12, logLoss: 0.33, excess: 0.03, standardError: null },
        ],
      },
      costs: {
        members: names.map((name) => ({ name, parameters: 200_000, megabytes: 0.8, work: 0.5, milliseconds: 3 })),
        ensemble: { parameters: 400_000, megabytes: 1.6, work: 1, milliseconds: 6 },
      },
      seconds: { prepare: 1, decode: 1, members: 4, stack: 1, test: 1, total: 9 },
      peakMemoryBytes: 500_000_000,
    }),
  );
  await mkdir(folder, { recursive: true });
  for (const [row, { path }] of images.entries()) {
    await mkdir(dirname(join(data, path)), { recursive: true });
    const pixels = new Uint8Array(24 * 16 * 3).fill(20 * (row % 12));
    await writeFile(join(data, path), await encodePng(pixels, { width: 24, height: 16 }));
  }
  const start = {
    schemaVersion: 3,
    preset: 'demo',
    datasetFingerprint,
    experiment: { seed, members: [{ name: memberName }] },
  };
  await writeFile(join(folder, 'experiment.json'), JSON.stringify(start));
  await writeFile(join(folder, 'report.json'), JSON.stringify(report));
  await writeFile(join(folder, 'plan.json'), JSON.stringify(planFor(names)));
  if (hasGradCam) await writeFile(join(folder, 'grad-cam.json'), JSON.stringify(gradCamFor(report.mistakes, names)));
  await writeFile(
    join(folder, 'metrics.jsonl'),
    names
      .flatMap(epochsOf)
      .map((epoch) => `${JSON.stringify(epoch)}\n`)
      .join(''),
  );
  await writeFile(
    join(folder, 'predictions.csv'),
    csv([
      ['path', 'label', ...[...names, 'mean'].flatMap((name) => classes.map((label) => `${name}:${label}`))],
      ...images.map(({ path, label }, row) => [
        ...[path, classes[label]!],
        ...[first, second, first].flatMap((all) =>
          Array.from(all.subarray(row * classes.length, (row + 1) * classes.length), String),
        ),
      ]),
    ]),
  );
  return { folder, data, report };
}

// --- internal ---

/** The second member finds no evidence. */
function gradCamFor(mistakes: Report['mistakes'], [first, second]: readonly [string, string]): GradCam {
  const upperLeft = [
    [1, 0, 0],
    [0, 0.2, 0],
  ];
  const nowhere = [[0, 0]];
  return {
    schemaVersion: 1,
    images: mistakes.map(({ path, predicted }) => ({
      ...{ path, class: predicted, ensemble: upperLeft },
      members: [
        { name: first, map: upperLeft },
        { name: second, map: nowhere },
      ],
    })),
  };
}

/** What the page shows of a plan, and what it leaves out. */
function planFor(names: readonly string[]) {
  const stage = { trains: 'head', optimizer: { kind: 'adam', weightDecay: 0.01 }, epochCount: 3, precision: 'float32' };
  return {
    ...{ schemaVersion: 1, trainingCount: 32, testCount: 12, lanes: [{ device: 'cpu:0' }] },
    members: names.map((name) => ({
      plan: {
        name,
        dropout: 0.25,
        weights: { kind: 'file', path: initialWeights.source, sha256: initialWeights.sha256 },
        stages: [
          { name: 'head', ...stage },
          { name: 'fine-tune', ...stage, trains: { lastLayers: 30 }, batchSize: 16 },
        ],
      },
      trainings: [{ name, seed: 7, fold: { kind: 'holdout' }, fit: 20, tune: 4, outOfFold: 8, keepsWeights: true }],
    })),
  };
}

function epochsOf(member: string) {
  return ['head', 'fineTune'].flatMap((stage) =>
    [0, 1, 2].map((epochIndex) => ({
      ...{ task: `${member}/holdout`, member, fold: { kind: 'holdout' }, stage, epochIndex, best: epochIndex === 1 },
      ...{ loss: 0.5 / (1 + epochIndex), tuneLoss: 0.6 / (1 + epochIndex), tuneAccuracy: 0.7 + 0.1 * epochIndex },
    })),
  );
}

function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`).join('');
}
