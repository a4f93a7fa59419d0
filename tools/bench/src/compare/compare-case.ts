/** Runs one case: Chorus and its peers on the same draws, tested on the same images. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishFile } from '@chorus/storage';
import type { Case } from './cases.ts';
import { type EnsembleResult, trainEnsemble } from './chorus-ensemble.ts';
import { type Draw, drawImages } from './draw-images.ts';
import type { ImagePool } from './image-pool.ts';
import { fitPeers } from './logistic-peers.ts';
import type { PoolFeatures } from './pool-features.ts';
import { differences, type Estimate, estimate, outcomesOf } from './score-draws.ts';

export interface CaseOptions {
  pool: ImagePool;
  features: { train: PoolFeatures[]; test: PoolFeatures[] };
  /** Folder of initial weights. */
  weights: string;
  /** Where results are kept, so that a stopped comparison continues. */
  folder: string;
  drawCount: number;
  onProgress: (words: string) => void;
}

export interface ContestantScore {
  name: string;
  accuracy: Estimate;
  logLoss: Estimate;
  /** Chorus minus this contestant, on the same draws and images; omitted for Chorus. */
  difference?: { accuracy: Estimate; logLoss: Estimate };
  /** Mean over the draws. */
  seconds?: number;
}

/** Of the list of implausible labels, means over the draws. */
export interface AuditScore {
  name: string;
  precision: number;
  recall: number;
}

export interface CaseScore {
  name: string;
  title: string;
  drawCount: number;
  testImages: number;
  /** Chorus, its stackers and members, then its peers. Accuracy is balanced accuracy. */
  contestants: ContestantScore[];
  /** How often each stacker was chosen. */
  chosen: Record<string, number>;
  audits: AuditScore[];
}

/** Chorus and its peers. */
export async function compareCase(one: Case, options: CaseOptions): Promise<CaseScore> {
  const { pool, features, folder, drawCount, onProgress } = options;
  await mkdir(folder, { recursive: true });
  const draws = Array.from({ length: drawCount }, (_, seed) => drawImages(pool.train.labels, one, seed));
  const ensembles: EnsembleResult[] = [];
  for (const [seed, draw] of draws.entries()) {
    ensembles.push(await ensembleOf(draw, seed, options));
    onProgress(
      `draw ${seed + 1} of ${drawCount}: ${ensembles.at(-1)!.chosen}, ${ensembles.at(-1)!.seconds.toFixed(0)} s`,
    );
  }
  const peers = await fitPeers(
    {
      train: { count: pool.train.paths.length, features: features.train },
      test: { count: pool.test.paths.length, features: features.test },
      draws,
      balances: one.imbalance > 1,
      audits: one.noise > 0,
    },
    folder,
    onProgress,
  );
  const { labels } = pool.test;
  const scored = (probabilities: readonly ArrayLike<number>[]) => outcomesOf(probabilities, labels);
  const namesOf = (results: readonly { names: Iterable<string> }[]) => [
    ...new Set(results.flatMap(({ names }) => [...names])),
  ];
  const chorus = scored(ensembles.map(({ probabilities }) => probabilities.get('chorus')!));
  const scoreOf = (name: string, probabilities: readonly ArrayLike<number>[], seconds?: number[]): ContestantScore => {
    const { correct, losses } = scored(probabilities);
    return {
      name,
      accuracy: estimate(correct),
      logLoss: estimate(losses),
      ...(name === 'chorus'
        ? {}
        : {
            difference: {
              accuracy: estimate(differences(chorus.correct, correct)),
              logLoss: estimate(differences(chorus.losses, losses)),
            },
          }),
      ...(seconds && { seconds: mean(seconds) }),
    };
  };
  const ours = namesOf(ensembles.map(({ probabilities }) => ({ names: probabilities.keys() })));
  const theirs = Object.keys(peers[0]!.probabilities);
  const chosen: Record<string, number> = {};
  for (const ensemble of ensembles) chosen[ensemble.chosen] = (chosen[ensemble.chosen] ?? 0) + 1;
  return {
    ...{ name: one.name, title: one.title, drawCount, testImages: labels.length, chosen },
    contestants: [
      ...ours.map((name) =>
        scoreOf(
          name,
          ensembles.map(({ probabilities }) => probabilities.get(name)!),
          name === 'chorus' ? ensembles.map(({ seconds }) => seconds) : undefined,
        ),
      ),
      ...theirs.map((name) =>
        scoreOf(
          name,
          peers.map(({ probabilities }) => probabilities[name]!),
          peers.map(({ seconds }) => seconds[name]!),
        ),
      ),
    ],
    audits:
      one.noise === 0
        ? []
        : [
            auditScore(
              'chorus',
              draws,
              ensembles.map(({ implausible }) => implausible),
            ),
            auditScore(
              'cleanlab',
              draws,
              peers.map(({ implausible }) => implausible!),
            ),
          ],
  };
}

// --- internal ---

/** Trains, or reads the result of an earlier call. */
async function ensembleOf(
  draw: Draw,
  seed: number,
  { pool, features, weights, folder }: CaseOptions,
): Promise<EnsembleResult> {
  const path = join(folder, `chorus-${seed}.json`);
  if (!existsSync(path)) {
    const result = await trainEnsemble(draw, pool, features.test, {
      weights,
      seed,
      folder: join(folder, `run-${seed}`),
    });
    const probabilities = [...result.probabilities].map(([name, values]) => [name, [...values]]);
    await publishFile(path, JSON.stringify({ ...result, probabilities }));
  }
  const result = JSON.parse(await readFile(path, 'utf8'));
  const probabilities: [string, number[]][] = result.probabilities;
  return {
    ...result,
    probabilities: new Map(probabilities.map(([name, values]) => [name, Float32Array.from(values)])),
  };
}

function auditScore(name: string, draws: readonly Draw[], listed: readonly (readonly number[])[]): AuditScore {
  const found = draws.map(({ mislabeled }, draw) => listed[draw]!.filter((image) => mislabeled.includes(image)).length);
  return {
    name,
    precision: mean(found.map((count, draw) => count / Math.max(1, listed[draw]!.length))),
    recall: mean(found.map((count, draw) => count / draws[draw]!.mislabeled.length)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}
