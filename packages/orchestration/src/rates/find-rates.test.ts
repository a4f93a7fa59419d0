import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { StoppedError, TrainingError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { smallExperiment } from '../small-experiment.fixture.ts';
import { findRates } from './find-rates.ts';
import { requireRatePlot, writeRatePlot } from './rate-plot-file.ts';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-rates-'));
  await drawShapes(join(parent, 'data'), { seed: 1, imagesPerClass: { train: 60, validation: 10 } });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const small = () => ({
  ...smallExperiment(join(parent, 'data')),
  recipe: { batchSize: 4 },
});

describe('findRates', () => {
  it('sweeps over the stages of each member, the same way each time, and leaves nothing behind', async () => {
    const found = await findRates(small(), { lowest: 1e-6, stepCount: 18 });
    expect(found.map(({ member, stage, key }) => [member, stage, key])).toEqual([
      ['wide', 'whole', 'recipe.whole.learningRate'],
      ['slim', 'whole', 'recipe.whole.learningRate'],
    ]);
    for (const { sweep, planned, suggestion } of found) {
      expect(planned).toEqual({ kind: 'constant', value: 1e-3 });
      expect(sweep.rates[0]).toBe(1e-6);
      expect(sweep.losses.length).toBeGreaterThan(5);
      expect(suggestion!.valley).toBeGreaterThan(1e-6);
    }
    expect(await findRates(small(), { lowest: 1e-6, stepCount: 18, members: ['slim'] })).toEqual(found.slice(1));
    expect(await readdir(parent)).toEqual(['data']);
    const path = join(parent, 'new', 'rates.svg');
    await requireRatePlot(path);
    await writeRatePlot(path, found);
    expect(await readFile(path, 'utf8')).toMatch(/^<svg .*wide, whole.*slim, whole.*<\/svg>\n$/s);
  });

  it.each([
    [{ members: ['narrow'] }, /^Unknown member "narrow"; expected one of: wide, slim\.$/],
    [{ stages: ['head'] }, /^Unknown stage "head"; the plan has: whole\.$/],
    [{ lowest: 0 }, /^Expected rates from 1e-37 to 1e\+37, the first below the last; received 0 and 1\.$/],
    // The ratio of the rates would be infinite.
    [{ lowest: 1e-320 }, /received 1e-320 and 1\.$/],
    [{ lowest: 1e-3, highest: 1e-4 }, /received 0\.001 and 0\.0001\.$/],
    [{ highest: Number.NaN }, /received 1e-7 and NaN\.$/],
    [{ stepCount: 20.5 }, /^Expected a whole number of at least 16 steps, received 20\.5\.$/],
    [{ stepCount: 15 }, /^Expected a whole number of at least 16 steps, received 15\.$/],
  ])('refuses %j', async (options, message) => {
    const search = findRates(small(), options);
    await expect(search).rejects.toThrow(ConfigError);
    await expect(search).rejects.toThrow(message);
  });

  it('refuses too few images', async () => {
    await expect(findRates({ ...small(), recipe: { batchSize: 32 } })).rejects.toThrow(TrainingError);
  });

  it('stops', async () => {
    const search = findRates(small(), { signal: AbortSignal.abort() });
    await expect(search).rejects.toThrow(StoppedError);
  });
});

describe('requireRatePlot', () => {
  it('refuses another extension and a folder', async () => {
    await expect(requireRatePlot('rates.png')).rejects.toThrow(
      'Expected a path that ends in .svg, received "rates.png".',
    );
    const folder = join(parent, 'folder.svg');
    await mkdir(folder);
    await expect(requireRatePlot(folder)).rejects.toThrow(/is a folder\.$/);
  });
});
