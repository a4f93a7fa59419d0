/** Runs one case: Chorus and its peers on the same draws, tested on the same images. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fitAutogluon } from './autogluon-peer.ts';
import type { Case } from './cases.ts';
import type { EnsembleResult } from './chorus-ensemble.ts';
import { type Draw, drawImages } from './draw-images.ts';
import type { ImagePool } from './image-pool.ts';
import { keptEnsemble } from './kept-ensemble.ts';
import { type FittedResult, fineTune, stackAsAucmedi } from './keras-peers.ts';
import { fitPeers } from './logistic-peers.ts';
import { weightsOf } from './members.ts';
import type { PoolFeatures } from './pool-features.ts';
import { featureFiles } from './python-task.ts';
import { differences, type Estimate, estimate, outcomesOf } from './score-draws.ts';

export interface CaseOptions {
  pool: ImagePool;
  features: { train: PoolFeatures[]; test: PoolFeatures[] };
  /** Folder of initial weights. */
  weights: string;
  /** Where results are kept, so that a stopped comparison continues. */
  folder: string;
  drawCount: number;
  /** Of how many draws Keras fine-tunes a backbone, which takes minutes for each. */
  fineTunedCount: number;
  /** The interpreter of the contestants in Keras; undefined for none. */
  keras: string | undefined;
  /** Whether AutoGluon takes part. */
  autogluon: boolean;
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
  const { pool, features, weights, folder, drawCount, fineTunedCount, keras, autogluon, onProgress } = options;
  await mkdir(folder, { recursive: true });
  const draws = Array.from({ length: drawCount }, (_, seed) => drawImages(pool.train.labels, one, seed));
  const ensembles: EnsembleResult[] = [];
  for (const [seed, draw] of draws.entries()) {
    const place = join(folder, `chorus-${seed}`);
    ensembles.push(await keptEnsemble(draw, pool, features.test, { weights, seed, folder: place }));
    onProgress(
      `draw ${seed + 1} of ${drawCount}: ${ensembles.at(-1)!.chosen}, ${ensembles.at(-1)!.seconds.toFixed(0)} s`,
    );
  }
  const files = {
    train: featureFiles(features.train, pool.train.paths.length),
    test: featureFiles(features.test, pool.test.paths.length),
  };
  const peers = await fitPeers(
    { ...files, draws, balances: one.imbalance > 1, audits: one.noise > 0 },
    folder,
    onProgress,
  );
  const contestants: Contestant[] = [
    ...[...new Set(ensembles.flatMap(({ probabilities }) => [...probabilities.keys()]))].map((name) => ({
      name,
      probabilities: ensembles.map(({ probabilities }) => probabilities.get(name)!),
      ...(name === 'chorus' ? { seconds: ensembles.map(({ seconds }) => seconds) } : {}),
    })),
    ...Object.keys(peers[0]!.probabilities).map((name) => ({
      name: `scikit-learn, ${name}`,
      probabilities: peers.map(({ probabilities }) => probabilities[name]!),
      seconds: peers.map(({ seconds }) => seconds[name]!),
    })),
  ];
  if (keras !== undefined) {
    const shared = { python: keras, pool, folder };
    contestants.push(
      contestantOf("AUCMEDI's Stacking, on features", await stackAsAucmedi(files, { ...shared, draws })),
    );
    if (fineTunedCount > 0) {
      const some = draws.slice(0, fineTunedCount);
      const results = await fineTune(weightsOf('mobilenet-v2', weights), { ...shared, draws: some });
      contestants.push(contestantOf(`Keras, MobileNetV2 fine-tuned, ${some.length} draws`, results));
    }
  }
  if (autogluon)
    contestants.push(contestantOf('AutoGluon Tabular', await fitAutogluon({ ...files, draws }, folder, onProgress)));
  const chosen: Record<string, number> = {};
  for (const ensemble of ensembles) chosen[ensemble.chosen] = (chosen[ensemble.chosen] ?? 0) + 1;
  const { labels } = pool.test;
  return {
    ...{ name: one.name, title: one.title, drawCount, testImages: labels.length, chosen },
    contestants: contestants.map((contestant) => scoreContestant(contestant, contestants[0]!, labels)),
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

interface Contestant {
  name: string;
  /** Per draw, or of the first draws [images, classes]. */
  probabilities: ArrayLike<number>[];
  seconds?: number[];
}

function contestantOf(name: string, results: readonly FittedResult[]): Contestant {
  return {
    name,
    probabilities: results.map(({ probabilities }) => probabilities),
    seconds: results.map(({ seconds }) => seconds),
  };
}

/** @param chorus compared with the contestant on the draws that both have. */
function scoreContestant(contestant: Contestant, chorus: Contestant, labels: readonly number[]): ContestantScore {
  const { name, probabilities, seconds } = contestant;
  const theirs = outcomesOf(probabilities, labels);
  const ours = outcomesOf(chorus.probabilities.slice(0, probabilities.length), labels);
  return {
    name,
    accuracy: estimate(theirs.correct),
    logLoss: estimate(theirs.losses),
    ...(contestant === chorus
      ? {}
      : {
          difference: {
            accuracy: estimate(differences(ours.correct, theirs.correct)),
            logLoss: estimate(differences(ours.losses, theirs.losses)),
          },
        }),
    ...(seconds && { seconds: mean(seconds) }),
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
