/** One experiment with several seeds: a run per seed, and a summary. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type SeedScore, scoreOverSeeds } from '@chorus/evaluation';
import { publishFile } from '@chorus/storage';
import { ConfigError } from './errors.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import type { Experiment, ExperimentInput } from './experiment/schema.ts';
import { ensembleColumn } from './report/predictions-csv.ts';
import { defaultRunFolder, readRunStart, requireNewRunFolder } from './run/run-folder.ts';
import { Slices } from './run/slices.ts';
import { storedExperiment } from './run/stored-experiment.ts';
import { readTestOutcomes } from './run/test-outcomes.ts';
import { type RunResult, type TrainOptions, train } from './train.ts';

export interface SeedsOptions extends Omit<TrainOptions, 'resume'> {
  /** Called before the run of each seed. */
  onSeed?(seed: number, index: number, count: number): void;
}

/** Scores of one classifier over the seeds. */
export interface SeedScores {
  accuracy: SeedScore;
  logLoss: SeedScore;
}

/** `seeds.json`. */
export interface SeedsSummary {
  schemaVersion: 1;
  seeds: number[];
  /** Whether all seeds were tested on the same images. */
  sameImages: boolean;
  /** Number of test images of each seed. */
  testCounts: number[];
  /** The chosen stacker of each run, which may differ, with its calibration. */
  ensemble: SeedScores;
  /** By name of the member. */
  members: Record<string, SeedScores>;
}

export interface SeedsResult {
  /** Absolute path of the folder with a run folder per seed and `seeds.json`. */
  folder: string;
  summary: SeedsSummary;
  runs: RunResult[];
}

/**
 * Trains an experiment with several seeds, one run after the other. Runs that an earlier call with the same folder finished are
 * kept, and a stopped one is resumed.
 *
 * @param count number of seeds; the first is that of the experiment.
 * @throws ConfigError for a count below 2, or a folder with runs of another experiment; otherwise as {@link train}.
 * @example
 * const { summary } = await trainSeeds({ data: { source: 'photos' }, members: [...] }, 5, { out: 'runs/five' });
 */
export async function trainSeeds(
  experiment: Partial<ExperimentInput>,
  count: number,
  { out, base, onSeed, ...options }: SeedsOptions = {},
): Promise<SeedsResult> {
  if (!Number.isInteger(count) || count < 2 || count > 1000)
    throw new ConfigError(`Expected 2 to 1000 seeds, received ${count}.`);
  const resolved = resolveExperiment(experiment);
  if (resolved.timeBudgetSeconds !== undefined)
    throw new ConfigError(
      'Expected either several seeds or a time budget (timeBudgetSeconds): with a budget, runs choose different members and epochs, and cannot be compared by seed.',
    );
  const folder = resolve(out ?? defaultRunFolder(base ?? process.cwd(), resolved, new Date()));
  // A run folder must not contain others.
  await requireNewRunFolder(folder);
  const seeds = Array.from({ length: count }, (_, index) => resolved.seed + index);
  const placeOf = (seed: number) => join(folder, `seed-${seed}`);
  // Before any run starts, which may take hours.
  for (const seed of seeds) await requireSameExperiment(placeOf(seed), { ...resolved, seed });
  const runs: RunResult[] = [];
  for (const [index, seed] of seeds.entries()) {
    onSeed?.(seed, index, count);
    const place = placeOf(seed);
    runs.push(
      (await isRun(place))
        ? await train({}, { ...options, resume: place })
        : await train({ ...experiment, seed }, { ...options, out: place }),
    );
  }
  const summary = await summarize(seeds, runs);
  await publishFile(join(folder, 'seeds.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return { folder, summary, runs };
}

// --- internal ---

function isRun(place: string): Promise<boolean> {
  return access(join(place, 'experiment.json')).then(
    () => true,
    () => false,
  );
}

async function requireSameExperiment(place: string, experiment: Experiment): Promise<void> {
  if (!(await isRun(place))) return;
  const { experiment: found } = await readRunStart(place);
  if (!isDeepStrictEqual(found, JSON.parse(JSON.stringify(storedExperiment(experiment)))))
    throw new ConfigError(`The run in ${place} is of another experiment. Name another folder.`);
}

async function summarize(seeds: number[], runs: readonly RunResult[]): Promise<SeedsSummary> {
  // A member that failed or was dropped with some seed has no mean.
  const names = runs[0]!.report.members
    .map(({ name }) => name)
    .filter((name) =>
      runs.every(({ report }) => report.members.some((member) => member.name === name && member.test !== null)),
    );
  const tests = await Promise.all(
    runs.map(({ report: { stackers, dataset, analysis }, folder }) => {
      const stacker = stackers.find(({ chosen }) => chosen)!.kind;
      const ensemble = ensembleColumn(stacker, analysis?.calibration.applied ?? 'none');
      return readTestOutcomes(join(folder, 'predictions.csv'), [ensemble, ...names], dataset.classes);
    }),
  );
  const sameImages = tests.every(({ paths }) => isDeepStrictEqual(paths, tests[0]!.paths));
  const slices = new Slices();
  const options = { sameImages, seed: seeds[0]!, pause: () => slices.pause() };
  /** @param position of the classifier among those that are read. */
  const scoresOf = async (position: number): Promise<SeedScores> => {
    const outcomes = tests.map(({ classifiers }) => classifiers[position]!);
    return {
      accuracy: await scoreOverSeeds(
        outcomes.map(({ correct }) => correct),
        options,
      ),
      logLoss: await scoreOverSeeds(
        outcomes.map(({ losses }) => losses),
        options,
      ),
    };
  };
  const ensemble = await scoresOf(0);
  const members: Record<string, SeedScores> = {};
  for (const [index, name] of names.entries()) members[name] = await scoresOf(index + 1);
  const testCounts = tests.map(({ paths }) => paths.length);
  return { schemaVersion: 1, seeds, sameImages, testCounts, ensemble, members };
}
