import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes, trainingImages } from '@chorus/data';
import { sha256 } from '@chorus/storage';
import { readMember, StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrainingDeadlines } from '../budget/training-deadlines.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { factsOf } from '../plan/dataset-facts.ts';
import { planTraining } from '../plan/plan-training.ts';
import { smallExperiment } from '../small-experiment.fixture.ts';
import { featuresOfImages } from '../stacking/member-features.ts';
import { pretrained } from '../train.fixture.ts';
import { FeatureCache } from './feature-cache.ts';
import { type PreparedRun, preparedRun } from './member-run.fixture.ts';
import type { MemberState } from './observer.ts';
import { predictMembers, withSharedWeights } from './predict-members.ts';
import { type MemberOutcome, prepareFeatures, trainMembers } from './train-members.ts';

let parent: string;
let run: PreparedRun;
const events: string[] = [];
const warnings: string[] = [];
const observer = {
  onMember: (task: string, { state }: MemberState) => void events.push(`${task} ${state}`),
  onWarning: (task: string, message: string) => void warnings.push(`${task}: ${message}`),
};

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-train-members-'));
  await drawShapes(join(parent, 'data'), { seed: 1, imagesPerClass: { train: 12, validation: 4 } });
  run = await preparedRun(parent, {}, observer);
});
afterAll(async () => {
  await run.close();
  await rm(parent, { recursive: true, force: true });
});

/** Members with frozen backbones, whose features, those of cached copies too, all folds and a stacker share. */
const withSharedFeatures = {
  weights: pretrained,
  recipe: {
    batchSize: 16,
    augmentation: 'light',
    cachedCopies: 1,
    head: { epochCount: 2 },
    fineTune: { lastLayers: 0 },
  },
  stacking: { kind: 'kfold', folds: 2, members: 'average' },
  stackers: { kinds: ['mean', 'features'] },
} satisfies Partial<ExperimentInput>;

/** Compares the features that are stacked with those that the trained members return. */
async function expectFeaturesOfPredictions(one: PreparedRun, outcomes: readonly MemberOutcome[]): Promise<void> {
  const { dataset, lanes, reads } = one;
  const indices = dataset.split.folds[0]!.outOfFold.slice(0, 5);
  const shared = outcomes.map((outcome) => (outcome.status === 'done' ? outcome.features : undefined));
  const wanted = featuresOfImages(shared, indices, true);
  const members = await Promise.all(
    outcomes.map(async ({ trainings }, index) => {
      const models = await Promise.all(trainings.map(({ folder }) => readMember(folder)));
      return {
        name: `${index}`,
        models: models.map(({ manifest, weights }) => withSharedWeights({ manifest, weights: weights! })),
      };
    }),
  );
  const images = { pixels: dataset.pixels, indices, reads, testTimeAugmentation: true };
  const { logits, features } = await predictMembers(lanes, members, { ...images, featureMembers: [0, 1] });
  const alone = await predictMembers(lanes, members, { ...images, featureMembers: [] });
  expect(alone.features.size).toBe(0);
  for (const member of [0, 1]) {
    const [found, expected] = [features.get(member)!, wanted.get(member)!];
    expect(found).toHaveLength(expected.length);
    expect(Math.max(...expected)).toBeGreaterThan(0.5);
    expect(Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)))).toBeLessThan(1e-4);
    expect(
      Math.max(...logits[member]!.map((value, row) => Math.abs(value - alone.logits[member]![row]!))),
    ).toBeLessThan(1e-4);
  }
}

const trainingCount = () => run.lanes.flatMap(({ work }) => work.filter(({ kind }) => kind === 'train')).length;

describe('trainMembers', () => {
  it('trains every member, the most expensive first, and reads only training images', async () => {
    const outcomes = await trainMembers(run);
    expect(events.splice(0)).toEqual(['wide running', 'wide done', 'slim running', 'slim done']);
    expect(outcomes.map(({ status, trainings }) => [status, trainings.length])).toEqual([
      ['done', 1],
      ['done', 1],
    ]);
    for (const [index, { trainings, seconds }] of outcomes.entries()) {
      expect(trainings[0]).toMatchObject({ fold: { kind: 'holdout' }, keepsWeights: true, resumed: false });
      expect(trainings[0]!.folder).toBe(join(parent, 'run/members', ['wide', 'slim'][index]!, 'holdout'));
      expect(trainings[0]!.outOfFoldLogits).toHaveLength(run.dataset.split.folds[0]!.outOfFold.length);
      expect(seconds).toBeGreaterThanOrEqual(trainings[0]!.record.seconds);
    }
    const read = new Uint8Array(run.reads);
    expect([...read.keys()].filter((index) => read[index] === 1)).toEqual([...trainingImages(run.dataset.split)]);
  });

  it('keeps finished trainings, with the same outcomes', async () => {
    const count = trainingCount();
    const outcomes = await trainMembers(run);
    expect(events.splice(0)).toEqual(['wide kept', 'slim kept']);
    expect(trainingCount()).toBe(count);
    for (const { status, trainings, seconds } of outcomes) {
      expect(status).toBe('done');
      expect(trainings[0]).toMatchObject({ resumed: true, keepsWeights: true });
      expect(seconds).toBe(trainings[0]!.record.seconds);
    }
    expect(warnings).toEqual([]);
  });

  it('trains a damaged member again, and warns about it', async () => {
    const path = join(run.folder.member('slim', { kind: 'holdout' }), 'out-of-fold.f32');
    const before = await readFile(path);
    await writeFile(path, before.subarray(4));
    const [wide, slim] = await trainMembers(run);
    expect(warnings.splice(0)).toEqual([
      expect.stringMatching(/^slim: .*out-of-fold\.f32 is damaged: .* It is trained again\.$/),
    ]);
    expect(events.splice(0)).toEqual(['wide kept', 'slim running', 'slim done']);
    expect([wide!.trainings[0]!.resumed, slim!.trainings[0]!.resumed]).toEqual([true, false]);
    expect(await readFile(path)).toEqual(before);
  });

  it('continues after the failure of a member, skips its other folds, and reports where and why it failed', async () => {
    const path = join(parent, 'broken.h5');
    await writeFile(path, 'This is a text.');
    const broken = { kind: 'file', path, sha256: sha256(Buffer.from('This is a text.')) } as const;
    const stacking = { kind: 'kfold', folds: 2, members: 'average' } as const;
    const folds = await preparedRun(parent, { stacking }, observer, 'folds');
    try {
      const { experiment, dataset } = folds.preparation;
      const plan = planTraining(experiment, factsOf(dataset.split), [broken, { kind: 'random' }]);
      const [wide, slim] = await trainMembers({ ...folds, plan });
      expect(wide).toMatchObject({ status: 'failed', device: 'cpu:0', trainings: [] });
      expect(wide).toHaveProperty('reason', expect.stringMatching(/^features: broken\.h5: /));
      expect(slim).toMatchObject({ status: 'done', trainings: [{ resumed: false }, { resumed: false }] });
      const received = events.splice(0);
      expect(received.filter((event) => event.startsWith('wide'))).toEqual([
        ...['wide/features running', 'wide/features failed', 'wide/fold-1 skipped', 'wide/fold-2 skipped'],
      ]);
      expect(received.filter((event) => event.startsWith('slim')).toSorted()).toEqual([
        ...['slim/fold-1 done', 'slim/fold-1 running', 'slim/fold-2 done', 'slim/fold-2 running'],
      ]);
      expect(existsSync(join(parent, 'folds/members/wide'))).toBe(false);
    } finally {
      await folds.close();
    }
  });

  it('45: a member whose loss is not finite is retried at a tenth of the rate, then fails; its other folds are skipped, and other members go on', async () => {
    const stacking = { kind: 'kfold', folds: 2, members: 'average' } as const;
    const one = await preparedRun(parent, { stacking }, observer, 'diverging');
    try {
      const [wide, slim] = one.plan.members;
      const stages = slim!.plan.stages.map((stage) => ({
        ...stage,
        learningRate: { kind: 'constant', value: 1e30 } as const,
      }));
      const members = [wide!, { ...slim!, plan: { ...slim!.plan, stages } }];
      const outcomes = await trainMembers({ ...one, plan: { ...one.plan, members } });
      expect(outcomes.map(({ status }) => status)).toEqual(['done', 'failed']);
      expect(outcomes[1]).toHaveProperty(
        'reason',
        expect.stringMatching(
          /^fold-1: the loss .*became \S+ .* at learning rate 1e\+29, in the retry at a tenth of the planned rates; before, the loss .*became \S+ .* at learning rate 1e\+30\. Try a lower rate$/,
        ),
      );
      expect(warnings.splice(0)).toEqual([
        expect.stringMatching(
          /^slim\/fold-1: The loss .* retried from the start of the stage at a tenth of the planned rates\.$/,
        ),
      ]);
      expect(events.splice(0).filter((event) => event.startsWith('slim'))).toEqual([
        ...['slim/fold-1 running', 'slim/fold-1 failed', 'slim/fold-2 skipped'],
      ]);
    } finally {
      await one.close();
    }
  });

  it.skipIf(!existsSync(pretrained))(
    'gets the same features, predictions and marks of read images from lanes that are processes (needs ../shared)',
    async () => {
      const results: unknown[] = [];
      for (const isolate of [false, true]) {
        const changes = { ...withSharedFeatures, runtime: { ...smallExperiment('').runtime, isolate } };
        const one = await preparedRun(parent, changes, {}, isolate ? 'processes' : 'threads');
        const outcomes = await trainMembers(one);
        await expectFeaturesOfPredictions(one, outcomes);
        results.push([
          outcomes.map(({ trainings }) => trainings.map(({ outOfFoldLogits }) => outOfFoldLogits)),
          outcomes.map((outcome) => outcome.status === 'done' && new Uint8Array(outcome.features!.rows)),
          new Uint8Array(one.reads),
        ]);
        await one.close();
      }
      expect(results[1]).toEqual(results[0]);
    },
  );

  it.skipIf(!existsSync(pretrained))(
    'reads the features that an earlier run has kept, those of cached copies too, with the same result, which are those of predictions (needs ../shared)',
    async () => {
      const featureCache = new FeatureCache({ folder: join(parent, 'features') });
      const results: { logits: number[][]; kinds: string[] }[] = [];
      for (const name of ['first', 'second']) {
        const one = await preparedRun(parent, withSharedFeatures, observer, name);
        const outcomes = await trainMembers({ ...one, featureCache });
        expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
        results.push({
          logits: outcomes.flatMap(({ trainings }) => trainings.map(({ outOfFoldLogits }) => [...outOfFoldLogits])),
          kinds: one.lanes.flatMap(({ work }) => work.map(({ kind }) => kind)),
        });
        await expectFeaturesOfPredictions(one, outcomes);
        if (name === 'first') {
          // A run that stopped before it stacked needs them again.
          const resumed = await trainMembers({ ...one, featureCache });
          expect(resumed.every(({ trainings }) => trainings.every((training) => training.resumed))).toBe(true);
          await expectFeaturesOfPredictions(one, resumed);
        }
        await one.close();
      }
      const [first, second] = results as [(typeof results)[0], (typeof results)[0]];
      expect(first.kinds.filter((kind) => kind === 'features')).toHaveLength(2);
      expect(second.kinds).not.toContain('features');
      expect(second.logits).toEqual(first.logits);
      const third = await preparedRun(parent, withSharedFeatures, undefined, 'third');
      const prepared = await prepareFeatures({ ...third, featureCache }, third.plan.members[0]!);
      // Forward passes are timed, but their rows are not used.
      expect(prepared!.forwardSeconds).toBeGreaterThan(0);
      const features = new Map([['wide', prepared!.shared]]);
      const [wide] = await trainMembers({ ...third, features });
      await third.close();
      expect(wide!.trainings.map(({ outOfFoldLogits }) => [...outOfFoldLogits])).toEqual(first.logits.slice(0, 2));
      expect(events.splice(0).filter((event) => event.includes('features'))).toEqual([
        ...['wide/features running', 'wide/features done', 'slim/features running', 'slim/features done'],
        ...['wide/features cached', 'slim/features cached', 'wide/features cached', 'slim/features cached'],
      ]);
    },
  );

  it('leaves members out when the time is up, as long as enough remain', async () => {
    const over = () => {
      const timed = { seconds: 1, stageStartSeconds: [1], predictionSeconds: 0 };
      const names = new Map(['wide', 'slim'].map((name) => [name, timed]));
      return new TrainingDeadlines(names, { endsAtMs: Date.now() - 1000, laneCount: 1 });
    };
    const remove = (name: string) => rm(run.folder.member(name, { kind: 'holdout' }), { recursive: true });
    await remove('wide');
    await remove('slim');
    const cut = await trainMembers({ ...run, limits: { deadlines: over(), minMembers: 1 } });
    expect(events.splice(0)).toEqual(['wide cut', 'slim running', 'slim done']);
    expect(cut.map(({ status, trainings }) => [status, trainings.length])).toEqual([
      ['cut', 0],
      ['done', 1],
    ]);
    const both = await trainMembers({ ...run, limits: { deadlines: over(), minMembers: 2 } });
    expect(events.splice(0)).toEqual(['slim kept', 'wide running', 'wide done']);
    expect(both.map(({ status }) => status)).toEqual(['done', 'done']);
  });

  it('starts nothing once a stop is requested', async () => {
    await rm(run.folder.member('wide', { kind: 'holdout' }), { recursive: true });
    const count = trainingCount();
    run.stop.raise();
    await expect(trainMembers(run)).rejects.toThrow(StoppedError);
    expect(events.splice(0)).toEqual(['slim kept']);
    expect(trainingCount()).toBe(count);
  });
});
