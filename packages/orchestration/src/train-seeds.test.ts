import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { at, drawData, removeRuns, small } from './train.fixture.ts';
import { type SeedsResult, trainSeeds } from './train-seeds.ts';

beforeAll(drawData);
afterAll(removeRuns);

describe('two seeds', () => {
  let result: SeedsResult;
  const seeds: number[][] = [];
  const experiment = { ...small(), seed: 4 };
  beforeAll(async () => {
    result = await trainSeeds(experiment, 2, { out: at('seeds'), onSeed: (...place) => seeds.push(place) });
  });

  it('are a run each, with the seeds in order', () => {
    expect(seeds).toEqual([
      [4, 0, 2],
      [5, 1, 2],
    ]);
    expect(result.runs.map(({ folder }) => folder)).toEqual([4, 5].map((seed) => at(`seeds/seed-${seed}`)));
    expect(result.runs.map(({ report }) => report.experiment.seed)).toEqual([4, 5]);
  });

  it('are summarized as in their reports', async () => {
    const { summary, runs } = result;
    expect(JSON.parse(await readFile(at('seeds/seeds.json'), 'utf8'))).toEqual(summary);
    expect(summary).toMatchObject({ seeds: [4, 5], sameImages: true, testCounts: [34, 34] });
    const chosen = runs.map(({ report }) => report.stackers.find((stacker) => stacker.chosen)!.test);
    expect(summary.ensemble.accuracy.scores).toEqual(chosen.map(({ accuracy }) => accuracy));
    for (const [index, { logLoss }] of chosen.entries())
      expect(summary.ensemble.logLoss.scores[index]).toBeCloseTo(logLoss, 6);
    for (const [position, name] of ['wide', 'slim'].entries())
      expect(summary.members[name]!.accuracy.scores).toEqual(
        runs.map(({ report }) => report.members[position]!.test!.accuracy),
      );
    const { mean, interval } = summary.ensemble.accuracy;
    expect(interval![0]).toBeLessThanOrEqual(mean);
    expect(interval![1]).toBeGreaterThanOrEqual(mean);
  });

  it('are kept when more seeds follow', async () => {
    const { runs, summary } = await trainSeeds(experiment, 3, { out: at('seeds') });
    expect(runs.map(({ wasFinished }) => wasFinished)).toEqual([true, true, false]);
    expect(summary.seeds).toEqual([4, 5, 6]);
  });

  it.each([
    ['another setting', { inputSize: 48 }, 6],
    ['another setting, where all seeds have finished', { recipe: { batchSize: 8 } }, 4],
  ])('are not mixed with another experiment: %s', async (_, changes, seed) => {
    const started: number[] = [];
    const onSeed = (one: number) => started.push(one);
    const other = trainSeeds({ ...experiment, ...changes, seed }, 3, { out: at('seeds'), onSeed });
    await expect(other).rejects.toThrow(ConfigError);
    await expect(other).rejects.toThrow(`The run in ${at(`seeds/seed-${seed}`)} is of another experiment.`);
    expect(started).toEqual([]);
  });
});

it.each([0, 1, 1.5, Number.NaN, 1001])('%d seeds are refused', async (count) => {
  await expect(trainSeeds(small(), count, { out: at('none') })).rejects.toThrow(
    `Expected 2 to 1000 seeds, received ${count}.`,
  );
});

it('a run folder is refused, and a stop ends the seeds', async () => {
  await expect(trainSeeds(small(), 2, { out: at('seeds/seed-4') })).rejects.toThrow(ConfigError);
  const stopped = trainSeeds(small(), 2, { out: join(at('stopped')), signal: AbortSignal.abort() });
  await expect(stopped).rejects.toThrow(StoppedError);
});
