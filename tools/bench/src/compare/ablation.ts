/** Ablation: changes one part of the preset `cpu` at a time, on the same draws and images. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ablation, ablationsOfPreset } from './ablations.ts';
import { drawImages } from './draw-images.ts';
import type { ImagePool, LabeledFiles } from './image-pool.ts';
import { keptEnsemble } from './kept-ensemble.ts';
import { type PoolFeatures, selectFeatures } from './pool-features.ts';
import { differences, type Estimate, estimate, outcomesOf } from './score-draws.ts';

export interface AblationScore extends Pick<Ablation, 'name' | 'title'> {
  accuracy: Estimate;
  logLoss: Estimate;
  /** This one minus the preset, on the same draws and images; omitted for the preset. */
  difference?: { accuracy: Estimate; logLoss: Estimate };
  /** The chosen stacker of each draw. */
  chosen: string[];
}

export interface AblationOptions {
  /** Only its training images are used: no choice may depend on the test images. */
  pool: ImagePool;
  /** Of the training images. */
  features: readonly PoolFeatures[];
  /** Folder of initial weights. */
  weights: string;
  /** Where results are kept, so that a stopped ablation continues. */
  folder: string;
  drawCount: number;
  onProgress: (words: string) => void;
}

/** Training images of a draw, per class. */
const ablationPerClass = 250;

/** Trains every variant on every draw of one half of the training images, and tests it on the other half. */
export async function ablate(options: AblationOptions): Promise<{ testImages: number; scores: AblationScore[] }> {
  const { pool, features, weights, folder, drawCount, onProgress } = options;
  await mkdir(folder, { recursive: true });
  const [known, unseen] = [imagesOfHalf(pool.train, 0), imagesOfHalf(pool.train, 1)];
  const halves = { classes: pool.classes, train: filesOf(pool.train, known), test: filesOf(pool.train, unseen) };
  const testFeatures = features.map((one) => selectFeatures(one, unseen));
  const draws = Array.from({ length: drawCount }, (_, seed) =>
    drawImages(halves.train.labels, { perClass: ablationPerClass, imbalance: 1, noise: 0 }, seed),
  );
  const ablations = await ablationsOfPreset();
  const results = new Map(ablations.map(({ name }) => [name, [] as { probabilities: Float32Array; chosen: string }[]]));
  // Draw by draw: all variants of a draw use the same cached features.
  for (const [seed, draw] of draws.entries())
    for (const { name, changes } of ablations) {
      const place = join(folder, `${name}-${seed}`);
      const result = await keptEnsemble(draw, halves, testFeatures, { weights, seed, changes, folder: place });
      results.get(name)!.push({ probabilities: result.probabilities.get('chorus')!, chosen: result.chosen });
      onProgress(`draw ${seed + 1} of ${drawCount}, ${name}: ${result.chosen}, ${result.seconds.toFixed(0)} s`);
    }
  const outcomes = (name: string) =>
    outcomesOf(
      results.get(name)!.map(({ probabilities }) => probabilities),
      halves.test.labels,
    );
  const [preset] = ablations;
  const unchanged = outcomes(preset!.name);
  const scores = ablations.map((ablation) => {
    const { name, title } = ablation;
    const { correct, losses } = outcomes(name);
    return {
      ...{ name, title, accuracy: estimate(correct), logLoss: estimate(losses) },
      ...(ablation !== preset && {
        difference: {
          accuracy: estimate(differences(correct, unchanged.correct)),
          logLoss: estimate(differences(losses, unchanged.losses)),
        },
      }),
      chosen: results.get(name)!.map(({ chosen }) => chosen),
    };
  });
  return { testImages: unseen.length, scores };
}

// --- internal ---

/** Every second image of each class. */
function imagesOfHalf({ labels }: LabeledFiles, half: 0 | 1): number[] {
  const seen = new Map<number, number>();
  return labels.flatMap((label, image) => {
    const place = seen.get(label) ?? 0;
    seen.set(label, place + 1);
    return place % 2 === half ? [image] : [];
  });
}

function filesOf({ paths, labels }: LabeledFiles, images: readonly number[]): LabeledFiles {
  return { paths: images.map((image) => paths[image]!), labels: images.map((image) => labels[image]!) };
}
