import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPixelStore, PixelStore } from '@chorus/data';
import {
  ensembleDerivatives,
  type GridMap,
  gradCam,
  meanOfModels,
  memberFromBytes,
  type SavedMember,
  type StackerKind,
  sumOfMaps,
  toHeatMap,
  variantOf,
} from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { StopFlag } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../bundle.ts';
import { writeLivelyBundle } from '../export/lively-bundle.fixture.ts';
import { Lane } from '../lanes/lane.ts';
import { explainImages } from './explain-images.ts';
import { observerFrom } from './observer.ts';
import { type PredictingMember, predictMembers, withSharedWeights } from './predict-members.ts';

/** Feature maps of 2 × 2 and 3 × 3. */
const sizes = [64, 96];
const indices = Uint32Array.of(2, 0, 1, 0);
const imageCount = 3;
const pixels = new Map(sizes.map((size) => [size, createPixelStore(imageCount, size)]));

let parent: string;
let lanes: Lane[];

beforeAll(async () => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', logicalCpuDevices: 1, intraOpThreads: 1 });
  parent = await mkdtemp(join(tmpdir(), 'chorus-explain-'));
  for (const [size, handle] of pixels)
    for (let image = 0; image < imageCount; image += 1) new PixelStore(handle).publish(image, picture(size, image));
  const compute = { compile: false, bfloat16: false, forward: { engine: 'tensorflow' } } as const;
  const startup = {
    runtime: { device: 'cpu:0', logicalCpuDevices: 1, intraOpThreads: 1 },
    compute,
    stop: new StopFlag().shared,
  } as const;
  lanes = [new Lane(startup, observerFrom())];
});
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
  await rm(parent, { recursive: true, force: true });
});

/** A bright disc in a place of its own on waves. */
function picture(size: number, image: number): Uint8Array {
  return Uint8Array.from({ length: size * size * 3 }, (_, index) => {
    const [x, y] = [(Math.floor(index / 3) % size) / size, Math.floor(index / 3 / size) / size];
    const isInside = Math.hypot(x - ((image * 0.37) % 1), y - ((image * 0.61) % 1)) < 0.25;
    return isInside ? 230 - 60 * (index % 3) : 90 + 60 * Math.sin(9 * x + image + (index % 3));
  });
}

/** The evidence maps of one model, per score and image, computed in this thread. */
function evidenceOf({ manifest, weights }: SavedMember, scores: readonly number[][][]): GridMap[][] {
  const { inputSize } = manifest.backbone;
  const classifier = memberFromBytes(manifest, weights);
  const store = new PixelStore(pixels.get(inputSize)!);
  const maps = tf.tidy(() => {
    const images = Array.from(indices, (index) => tf.tensor3d(store.pixels(index), [inputSize, inputSize, 3]));
    const derivatives = scores.map((one) => tf.tensor2d(one));
    return gradCam(classifier, tf.stack(images) as tf.Tensor4D, derivatives).map((evidence) => {
      const [, height, width] = evidence.shape;
      return tf.unstack(evidence).map((map) => ({ height, width, values: map.dataSync<'float32'>().slice() }));
    });
  });
  classifier.dispose();
  return maps;
}

/** The mean over the models of a member. */
function meanEvidence({ models }: PredictingMember, scores: readonly number[][][]): GridMap[][] {
  const [first, ...others] = models.map((model) => evidenceOf(model, scores)) as [GridMap[][]];
  return first.map((maps, score) =>
    maps.map((map, row) => ({
      ...map,
      values: meanOfModels([map, ...others.map((one) => one[score]![row]!)].map(({ values }) => values)),
    })),
  );
}

function expectSame(found: GridMap, expected: GridMap): void {
  expect([found.height, found.width]).toEqual([expected.height, expected.width]);
  for (const [cell, value] of expected.values.entries())
    expect(Math.abs(found.values[cell]! - value)).toBeLessThan(1e-3);
}

async function prepare(name: string, chosen: StackerKind, classes: string[], modelCounts: readonly number[]) {
  const members = modelCounts.map((modelCount, index) => ({
    ...{ name: `member-${index}`, modelCount },
    backbone: { family: 'mobilenet', alpha: 0.25, inputSize: sizes[index]! } as const,
  }));
  await writeLivelyBundle(join(parent, name), members, { classes, testTimeAugmentation: false, chosen });
  const bundle = await readBundle(join(parent, name));
  const loaded = bundle.members.map((member) => ({ ...member, models: member.models.map(withSharedWeights) }));
  const stacker = bundle.stackers.get(chosen)!;
  const reads = new SharedArrayBuffer(imageCount);
  const predictions = await predictMembers(lanes, loaded, {
    ...{ pixels, reads, indices, testTimeAugmentation: false },
    featureMembers: stacker.featureMembers,
  });
  return { members: loaded, stacker: stacker.toJSON(), images: { pixels, reads, indices, predictions } };
}

const rows = <T>(length: number, numberAt: (index: number) => T) =>
  Array.from({ length }, (_, index) => numberAt(index));

describe.each([
  { chosen: 'mean', classes: ['a', 'b', 'c'], modelCounts: [2, 1] },
  { chosen: 'logistic', classes: ['a', 'b'], modelCounts: [1, 2] },
  { chosen: 'features', classes: ['a', 'b', 'c'], modelCounts: [1, 1] },
] as const)('the maps of $classes.length classes by the stacker $chosen', ({ chosen, classes, modelCounts }) => {
  it('are those of the mean of each member, of their weighted sum, and of models outside the ensemble', async () => {
    const { members, stacker, images } = await prepare(chosen, chosen, [...classes], modelCounts);
    const labels = rows(indices.length, (row) => row % classes.length);
    const calibration = { kind: 'temperature', temperature: 1.5 } as const;
    const other = { ...members[0]!, name: 'other' };
    const found = await explainImages(lanes, { members, stacker, calibration }, { ...images, labels }, [other]);
    const ofEnsemble = ensembleDerivatives({ stacker, calibration }, images.predictions, labels);
    const outputCount = classes.length === 2 ? 1 : classes.length;
    const expected = members.map((member, index) => {
      const { featureWidth } = variantOf(member.models[0]!.manifest.backbone);
      const [logits, features] = [ofEnsemble.logits[index]!, ofEnsemble.features.get(index)];
      const own = labels.map((label) =>
        rows(outputCount + featureWidth, (output) => {
          if (outputCount === 1) return output === 0 ? 2 * label - 1 : 0;
          return Number(output === label);
        }),
      );
      const part = labels.map((_, row) => [
        ...rows(outputCount, (output) => logits[row * outputCount + output]!),
        ...rows(featureWidth, (feature) => features?.[row * featureWidth + feature] ?? 0),
      ]);
      return meanEvidence(member, [own, part]);
    });
    let positive = 0;
    for (const [row, maps] of found.entries()) {
      expect(maps.members.map(({ name }) => name)).toEqual(['member-0', 'member-1', 'other']);
      for (const [index, { map }] of maps.members.entries()) expectSame(map, toHeatMap(expected[index % 2]![0]![row]!));
      const sum = sumOfMaps(expected.map(([, part]) => part![row]!));
      expectSame(maps.ensemble, toHeatMap(sum));
      positive += Number(sum.values.some((value) => value > 0));
    }
    // Maps of zeros would agree in any case.
    expect(positive).toBeGreaterThan(0);
  });
});

it('an ensemble of a single member has its map', async () => {
  const { members, stacker, images } = await prepare('single', 'mean', ['a', 'b'], [1]);
  const labels = [0, 1, 1, 1];
  for (const { ensemble, members: maps } of await explainImages(
    lanes,
    { members, stacker, calibration: null },
    { ...images, labels },
  ))
    expectSame(ensemble, maps[0]!.map);
});
