import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentInput } from './experiment/schema.ts';
import { numbersOf } from './recorded-numbers.fixture.ts';
import { train } from './train.ts';

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-augmentation-'));
  await drawShapes(join(parent, 'data'), { seed: 1, imagesPerClass: { train: 12, validation: 6 } });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const members = [
  { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
] satisfies ExperimentInput['members'];

/** Hashes of the weights and predictions, and the losses of each member's epochs. */
async function run(name: string, augmentation: 'flip' | 'heavy', devices: `cpu:${number}`[]) {
  const out = join(parent, name);
  const experiment: ExperimentInput = {
    ...{ name: 'augmented', inputSize: 32, weights: 'random', members },
    data: { source: join(parent, 'data') },
    recipe: { batchSize: 8, augmentation, whole: { epochCount: 1 } },
    stackers: { kinds: ['mean'] },
    runtime: { logicalCpuDevices: 3, intraOpThreads: 1 },
    workers: devices.map((device) => ({ device })),
  };
  await train(experiment, { out });
  const lines = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const losses = lines
    .map((line) => JSON.parse(line))
    .map(({ task, epochIndex, loss }) => `${task} ${epochIndex} ${loss}`);
  return { numbers: await numbersOf(out), losses: losses.toSorted() };
}

describe('with augmentation in the training step', () => {
  it('gives bit-equal weights and losses on one lane and on two, which differ from those of flips', async () => {
    const first = await run('two lanes', 'heavy', ['cpu:1', 'cpu:2']);
    expect(await run('one lane', 'heavy', ['cpu:1'])).toEqual(first);
    expect((await run('flips', 'flip', ['cpu:1'])).losses).not.toEqual(first.losses);
  });
});
