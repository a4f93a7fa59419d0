import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { choosePreset } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { freeDiskBytes, requireDisk, runBytes } from './disk-space.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-disk-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const size = { classCount: 2, pathLength: 40, laneCount: 1 };
const bytesOf = (preset: string, changes: Partial<ExperimentInput> = {}, changed = {}, testCount = 1000) => {
  const experiment = resolveExperiment(choosePreset(preset).experiment, changes);
  return runBytes(expectedPlan(experiment, {}, { trainingCount: 2000, testCount }), { ...size, ...changed });
};

it('counts the predictions of all views that the run chooses from', () => {
  const folds = { stacking: { kind: 'kfold' }, testTimeAugmentation: 'auto' } as const;
  const more =
    bytesOf('mobile', folds, { classCount: 1000 }) -
    bytesOf('mobile', { stacking: { kind: 'kfold' } }, { classCount: 1000 });
  // 14 views of 2,000 images by three members, and 10 %.
  expect(more).toBeGreaterThanOrEqual(14 * 2000 * 3 * 1000 * 4);
  expect(more).toBeLessThan(1.2 * 14 * 2000 * 3 * 1000 * 4);
});

it('counts each kept model twice: among the members and in the bundle', () => {
  // 3.23 + 2.26 + 1.83 million parameters of four bytes.
  const models = 4 * (3_228_864 + 2_257_984 + 1_832_976);
  expect(bytesOf('mobile')).toBeGreaterThan(2 * models);
  expect(bytesOf('mobile')).toBeLessThan(2.8 * models);
});

describe('checkpoints', () => {
  /** Bytes of MobileNet 0.25 with its head for two classes, and of the head. */
  const [model, head] = [4 * (218_544 + 257), 4 * 257];
  const one = { name: 'one', backbone: 'mobilenet', alpha: 0.25 } as const;
  const two = [one, { ...one, name: 'two' }];
  const whole = { whole: { epochCount: 2 } };
  const of = (changes: Partial<ExperimentInput>, laneCount = 1) =>
    bytesOf('scratch', { members: two, weights: 'random', ...changes }, { laneCount });

  it('are counted for each lane, as far as there are trainings', () => {
    // Weights, two moments of Adam and the best weights, three times, and 10 %.
    const ofOne = 1.1 * 3 * 4 * model;
    expect(of({ recipe: whole }, 2) - of({ recipe: whole })).toBeCloseTo(ofOne, -1);
    expect(of({ recipe: whole }, 9)).toBe(of({ recipe: whole }, 2));
  });

  it('have averages and the epochs of a soup', () => {
    const plain = of({ recipe: whole });
    expect(of({ recipe: { whole: { ...whole.whole, emaMomentum: 0.99 } } }) - plain).toBeCloseTo(1.1 * 3 * model, -1);
    // In place of the best weights.
    expect(of({ recipe: { whole: { ...whole.whole, soup: 3 } } }) - plain).toBeCloseTo(1.1 * 3 * 3 * model, -1);
  });

  it('have only the head of a frozen backbone', () => {
    const frozen = { recipe: { head: { epochCount: 2 }, fineTune: { lastLayers: 0 } }, weights: 'imagenet' } as const;
    expect(of(frozen, 2) - of(frozen)).toBeCloseTo(1.1 * 3 * 4 * head, -1);
  });
});

test.each<[string, number, number, number]>([
  [
    'five averaged folds keep five models of a member in place of one',
    bytesOf('cpu', { stacking: { kind: 'kfold', folds: 5, members: 'refit' } }),
    bytesOf('cpu', { stacking: { kind: 'kfold', folds: 5, members: 'average' } }),
    4.5,
  ],
  [
    'predictions have a column for each class and classifier',
    bytesOf('mobile', {}, {}, 1e6),
    bytesOf('mobile', {}, { classCount: 10 }, 1e6),
    3,
  ],
])('%s', (_, less, more, ratio) => expect(more / less).toBeGreaterThan(ratio));

it('requires only the remaining bytes for a resumed run', () => {
  expect(bytesOf('mobile', {}, { writtenBytes: 1e7 })).toBe(bytesOf('mobile') - 1e7);
  expect(bytesOf('mobile', {}, { writtenBytes: 1e12 })).toBe(0);
});

it('examines the disk of a folder that does not exist yet', async () => {
  const { place, freeBytes } = await freeDiskBytes(join(folder, 'runs/new/deep'));
  expect(place).toBe(folder);
  expect(freeBytes).toBeGreaterThan(0);
});

it('refuses a disk with too little space, with both figures and advice', () => {
  const disk = { place: '/data', freeBytes: 120_000_000 };
  expect(() => requireDisk(disk, 310_000_000)).toThrow(ConfigError);
  expect(() => requireDisk(disk, 310_000_000)).toThrow(
    /^Not enough disk space at \/data: the run needs 310 MB, 120 MB are free\.$/,
  );
  expect(() => requireDisk(disk, 310_000_000, { resumed: '/data/run' })).toThrow(
    expect.objectContaining({ code: 'disk-space', data: { folder: '/data/run' } }),
  );
  expect(() => requireDisk(disk, 120_000_000)).not.toThrow();
});
