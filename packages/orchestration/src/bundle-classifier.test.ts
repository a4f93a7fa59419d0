import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, drawShapes } from '@chorus/data';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BundleClassifier, openBundleClassifier } from './bundle-classifier.ts';
import { writeLivelyBundle } from './export/lively-bundle.fixture.ts';
import { type PredictionChunk, predictStream } from './predict.ts';
import { gradCamOf } from './report/grad-cam-schema.ts';

let parent: string;
let classifier: BundleClassifier;
const at = (name: string) => join(parent, name);
const options = { workers: 'cpu:0' };
const classes = ['discs', 'stars'];
let files: string[];

beforeAll(async () => {
  tf.enableProdMode();
  parent = await mkdtemp(join(tmpdir(), 'chorus-classifier-'));
  await drawShapes(at('shapes'), { seed: 1, imagesPerClass: { train: 1, validation: 0 } });
  files = classes.map((form) => at(`shapes/train/${form}/${form}-00000.png`));
  const backbone = { family: 'mobilenet', alpha: 0.25 } as const;
  const members = [
    { name: 'one', backbone: { ...backbone, inputSize: 32 } },
    { name: 'two', backbone: { ...backbone, inputSize: 64 } },
  ];
  await writeLivelyBundle(at('bundle'), members, { classes, testTimeAugmentation: true, chosen: 'mean' });
  classifier = await openBundleClassifier(at('bundle'), options);
});
afterAll(async () => {
  await classifier?.close();
  await rm(parent, { recursive: true, force: true });
});

it('classifies one image after another as predictStream does, with the probabilities of each member', async () => {
  const inputs = files.map((path) => ({ kind: 'file' as const, path }));
  const chunks: PredictionChunk[] = [];
  for await (const chunk of predictStream(at('bundle'), inputs, { ...options, explains: true })) chunks.push(chunk);
  const { predictions, explanations } = chunks[0]!;
  const answers = await Promise.all(files.map((path) => classifier.classify(path, { explains: true })));
  expect(classifier.classes).toEqual(classes);
  for (const [index, { predicted, ensemble, members, explanation }] of answers.entries()) {
    expect(predicted).toBe(predictions[index]!.predicted);
    for (const [label, name] of classes.entries()) {
      expect(ensemble[label]).toBeCloseTo(predictions[index]!.probabilities[name]!, 5);
      // The stacker averages the members.
      expect((members[0]!.probabilities[label]! + members[1]!.probabilities[label]!) / 2).toBeCloseTo(
        ensemble[label]!,
        2,
      );
    }
    expect(members.map(({ name }) => name)).toEqual(['one', 'two']);
    const [expected] = gradCamOf([explanations![index]!]).images;
    expect(explanation).toMatchObject({ path: files[index], class: predicted });
    for (const [row, values] of expected!.ensemble.entries())
      for (const [column, value] of values.entries()) expect(explanation!.ensemble[row]![column]).toBeCloseTo(value, 2);
  }
  expect((await classifier.classify(files[0]!)).explanation).toBeNull();
});

it('says why an image cannot be used, and goes on', async () => {
  await writeFile(at('text.png'), 'This is a text.');
  const [bad, good] = await Promise.allSettled([classifier.classify(at('text.png')), classifier.classify(files[1]!)]);
  expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(DataError) });
  expect((bad as PromiseRejectedResult).reason.message).toMatch(/^The image cannot be used: not an image: /);
  expect(good.status).toBe('fulfilled');
});
