import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, drawShapes } from '@chorus/data';
import { sha256File } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { evaluateBundle } from './evaluate.ts';
import { requireEvaluationFiles, writeEvaluationFiles } from './evaluation-csv.ts';
import { writeLivelyBundle } from './export/lively-bundle.fixture.ts';

let parent: string;
let bundle: string;
/** Four images per class; the bundle's run tested on the first and trained on the second of each. */
let data: string;
const at = (name: string) => join(parent, name);
const classes = ['café', 'thé'];
const options = { workers: 'cpu:0' };

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-evaluate-'));
  await drawShapes(at('shapes'), { seed: 1, imagesPerClass: { train: 4, validation: 0 } });
  data = at('data');
  const content: string[][] = [[], []];
  for (const [label, form] of ['discs', 'stars'].entries())
    for (let index = 0; index < 4; index += 1) {
      await mkdir(join(data, classes[label]!), { recursive: true });
      const from = at(`shapes/train/${form}/${form}-0000${index}.png`);
      await cp(from, join(data, classes[label]!, `${index}.png`));
      content[label]!.push((await sha256File(from)).slice(0, 16));
    }
  bundle = at('bundle');
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  await writeLivelyBundle(bundle, [{ name: 'one', backbone }], {
    ...{ classes, testTimeAugmentation: false, chosen: 'mean' },
    images: { test: content.map((one) => one[0]!), training: content.map((one) => one[1]!) },
  });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(at('case-'));
  await cp(data, folder, { recursive: true });
});

const inFolder = (...names: string[]) => join(folder, ...names);

describe('the images that evaluate chooses', () => {
  it("are the run's test images, even if they were moved or renamed", async () => {
    await cp(inFolder('thé/0.png'), inFolder('thé/renamed.png'));
    await rm(inFolder('thé/0.png'));
    const { selection, predictions } = await evaluateBundle(bundle, folder, options);
    expect(predictions.map(({ path }) => path)).toEqual(['café/0.png', 'thé/renamed.png']);
    const uses = { test: 2, training: 2, none: 4 };
    expect(selection).toEqual({ kind: 'test', taken: 2, total: 8, uses, runTest: 2, takenTraining: 0 });
    const all = await evaluateBundle(bundle, folder, { ...options, all: true });
    expect(all.selection).toEqual({ kind: 'all', taken: 8, total: 8, uses, runTest: 2, takenTraining: 2 });
    expect(all.ensemble.test.count).toBe(8);
  });

  it('are all images if the run used none of them', async () => {
    for (const name of classes) for (const index of [0, 1]) await rm(inFolder(name, `${index}.png`));
    const { selection } = await evaluateBundle(bundle, folder, options);
    const uses = { test: 0, training: 0, none: 4 };
    expect(selection).toEqual({ kind: 'unseen', taken: 4, total: 4, uses, runTest: 2, takenTraining: 0 });
  });

  it('are new images if there are no test images, or else training images, which are counted', async () => {
    for (const name of classes) await rm(inFolder(name, '0.png'));
    const unseen = await evaluateBundle(bundle, folder, options);
    expect(unseen.selection).toMatchObject({ kind: 'unseen', taken: 4, total: 6, takenTraining: 0 });
    for (const name of classes) for (const index of [2, 3]) await rm(inFolder(name, `${index}.png`));
    const trained = await evaluateBundle(bundle, folder, options);
    expect(trained.selection).toMatchObject({ kind: 'all', taken: 2, total: 2, takenTraining: 2 });
  });
});

describe('classes', () => {
  it('are equal if their names differ only in Unicode normalization', async () => {
    await cp(inFolder('café'), inFolder('café'.normalize('NFD')), { recursive: true });
    await rm(inFolder('café'), { recursive: true });
    const { predictions } = await evaluateBundle(bundle, folder, options);
    expect(predictions.map(({ label }) => label)).toEqual(classes);
  });

  it.each([
    ['another', { add: 'eau' }, 'Not in the bundle: eau.'],
    ['others', { add: 'eau', remove: 'thé' }, 'Missing: thé. Not in the bundle: eau.'],
  ])(
    'that do not match are an error with both lists: %s',
    async (_, { add, remove }: { add: string; remove?: string }, message) => {
      await cp(inFolder('café'), inFolder(add), { recursive: true });
      if (remove !== undefined) await rm(inFolder(remove), { recursive: true });
      const evaluated = evaluateBundle(bundle, folder, options);
      await expect(evaluated).rejects.toThrow(DataError);
      await expect(evaluated).rejects.toThrow(/Expected the bundle's 2 classes \(café, thé\) in .*, received/);
      await expect(evaluated).rejects.toThrow(message);
    },
  );
});

describe('the data set checks that training also makes', () => {
  const spoil = async (...names: string[]) => {
    for (const name of names) await writeFile(inFolder(name), '<html></html>');
  };

  it.each([
    [
      'no image',
      classes.flatMap((name) => [0, 1, 2, 3].map((index) => `${name}/${index}.png`)),
      /^9 of 9 images cannot be used/,
    ],
    ['too few of them', ['café/2.png'], /^2 of 9 images cannot be used, more than 5 %: café\/2\.png \(not an image/],
  ])('refuse a folder of which %s can be used, after all unusable images were reported', async (_, names, message) => {
    await spoil(...names);
    await symlink('/nonexistent', inFolder('thé/link.png'));
    const listed: string[] = [];
    const evaluated = evaluateBundle(bundle, folder, {
      ...{ ...options, all: true },
      onSkipped: (skipped) => listed.push(...skipped.map(({ path }) => path)),
    });
    await expect(evaluated).rejects.toThrow(DataError);
    await expect(evaluated).rejects.toThrow(message);
    expect(listed.toSorted()).toEqual([...names, 'thé/link.png'].toSorted());
  });

  it('refuse a class without a usable image, even if few images are bad', async () => {
    // 1 of 41: less than 5 %.
    for (let index = 4; index < 41; index += 1) await cp(inFolder('café/2.png'), inFolder(`café/${index}.png`));
    for (const index of [0, 1, 2]) await rm(inFolder(`thé/${index}.png`));
    await spoil('thé/3.png');
    const evaluated = evaluateBundle(bundle, folder, { ...options, all: true });
    await expect(evaluated).rejects.toThrow(DataError);
    await expect(evaluated).rejects.toThrow(/^No image of class "thé" can be used: thé\/3\.png \(not an image/);
  });

  it('accept one bad image among many, and list it with the links that were not followed', async () => {
    for (let index = 4; index < 41; index += 1) await cp(inFolder('café/2.png'), inFolder(`café/${index}.png`));
    await spoil('thé/3.png');
    await symlink('/nonexistent', inFolder('thé/link.png'));
    const { skipped, ensemble } = await evaluateBundle(bundle, folder, { ...options, all: true });
    expect(skipped.map(({ path }) => path).toSorted()).toEqual(['thé/3.png', 'thé/link.png']);
    expect(ensemble.test.count).toBe(44);
  });
});

it('stops before comparing images, and while classifying them', async () => {
  await expect(evaluateBundle(bundle, folder, { ...options, signal: AbortSignal.abort() })).rejects.toThrow(
    StoppedError,
  );
  const controller = new AbortController();
  const stopped = evaluateBundle(bundle, folder, {
    ...{ ...options, signal: controller.signal },
    onSelection: () => controller.abort(),
  });
  await expect(stopped).rejects.toThrow(StoppedError);
});

it('writes tables of all images and of misclassified ones', async () => {
  const evaluation = await evaluateBundle(bundle, folder, { ...options, all: true });
  await writeEvaluationFiles(evaluation, { csv: at('all.csv'), wrong: at('wrong.csv') });
  const rows = async (name: string) =>
    (await readFile(at(name), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
  const [header, ...all] = await rows('all.csv');
  expect(header).toEqual(['path', 'label', 'predicted', ...classes]);
  expect(all.map(([path]) => path)).toEqual(evaluation.predictions.map(({ path }) => path));
  for (const [index, row] of all.entries())
    expect(row.slice(3).map(Number).map(Math.fround)).toEqual(
      Object.values(evaluation.predictions[index]!.probabilities),
    );
  const [wrongHeader, ...wrong] = await rows('wrong.csv');
  expect(wrongHeader).toEqual(['path', 'label', 'predicted', 'probability', 'probabilityOfLabel']);
  const { count, correct } = evaluation.ensemble.test;
  expect(wrong).toHaveLength(count - correct);
  expect(wrong.every(([, label, predicted]) => label !== predicted)).toBe(true);
  const sureness = wrong.map(([, , , probability]) => Number(probability));
  expect(sureness).toEqual(sureness.toSorted((a, b) => b - a));
});

it('writes a table of the images whose labels are implausible', async () => {
  // Probabilities as if the classifier were sure of every image, and one image were in the wrong folder.
  const evaluation = await evaluateBundle(bundle, folder, { ...options, all: true });
  const predictions = evaluation.predictions.map((one) => {
    const right = one.path === 'thé/2.png' ? 0.0625 : 0.9375;
    const [label, other] = one.label === 'café' ? classes : classes.toReversed();
    return { ...one, probabilities: { [label!]: right, [other!]: 1 - right } };
  });
  await writeEvaluationFiles({ ...evaluation, predictions }, { labelIssues: at('issues.csv') });
  expect(await readFile(at('issues.csv'), 'utf8')).toBe(
    'path,label,suggested,probabilityOfLabel,probabilityOfSuggested,score\nthé/2.png,thé,café,0.0625000000,0.937500000,0.0625000000\n',
  );
});

it('refuses one file for two tables, and a table without the extension .csv', async () => {
  const one = at('one.csv');
  await expect(requireEvaluationFiles({ wrong: one, labelIssues: one })).rejects.toThrow(
    /different files .* received \S+one\.csv twice/,
  );
  await expect(requireEvaluationFiles({ labelIssues: at('one.txt') })).rejects.toThrow(
    /ends in \.csv, received \S+one\.txt/,
  );
});
