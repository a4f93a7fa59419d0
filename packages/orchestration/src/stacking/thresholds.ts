/** Thresholds of an ensemble's probabilities: which predictions to accept, and which classes to put into a prediction set. */
import { conformalThreshold, thresholdForAccuracy, thresholdForShare } from '@chorus/evaluation';
import type { thresholdsSchema } from '@chorus/models';
import type { z } from 'zod';
import { ConfigError } from '../errors.ts';
import type { Slices } from '../run/slices.ts';

export type Thresholds = z.output<typeof thresholdsSchema>;

/**
 * Finds an ensemble's thresholds.
 *
 * @param outOfFold its cross-validated probabilities [images, classes] of images with known classes.
 * @throws StoppedError as {@link Slices.pause}.
 */
export async function findThresholds(
  { probabilities, labels }: { probabilities: Float32Array; labels: Int32Array },
  classCount: number,
  slices: Slices,
): Promise<Thresholds> {
  const answers: Thresholds['answers'] = [];
  for (const accuracy of accuracies) {
    const found = thresholdForAccuracy(probabilities, labels, classCount, accuracy);
    answers.push({ accuracy, threshold: found?.threshold ?? null });
    await slices.pause();
  }
  const shares = answeredShares.map((share) => ({
    ...{ share, threshold: thresholdForShare(probabilities, classCount, share) },
  }));
  await slices.pause();
  const sets: Thresholds['sets'] = [];
  for (const coverage of coverages) {
    sets.push({ coverage, threshold: conformalThreshold(probabilities, labels, classCount, coverage) });
    await slices.pause();
  }
  return { answers, shares, sets };
}

/** What a user wants of doubtful images: shares from 0 to 1. */
export interface WantedShares {
  /** Accuracy that accepted predictions should have, such as 0.99; the bundle lists the possible ones. */
  minAccuracy?: number | undefined;
  /** Share of the images whose predictions should be accepted, the surest ones, such as 0.9; the bundle lists the possible ones. */
  answeredShare?: number | undefined;
  /** Share of the images whose prediction set should contain the true class, such as 0.95; the bundle lists the possible ones. */
  coverage?: number | undefined;
}

/** What to do with doubtful images. */
export interface Doubt {
  /** Smallest probability of a prediction to accept, which is above 1 if none is accepted; undefined to accept all. */
  answer: number | undefined;
  /** Smallest probability of a class in a prediction set; undefined for no sets. */
  set: number | undefined;
}

/**
 * Looks up thresholds.
 *
 * @param wanted `minAccuracy`: accuracy of the accepted predictions, or `answeredShare`: share of the predictions that is accepted;
 * `coverage`: share of the sets that contain the true class.
 * @throws ConfigError when there are no thresholds, or none for a wanted share, or both an accuracy and a share are wanted.
 */
export function chooseThresholds(
  thresholds: Thresholds | null,
  { minAccuracy, answeredShare, coverage }: WantedShares,
): Doubt {
  if (minAccuracy !== undefined && answeredShare !== undefined)
    throw new ConfigError(
      `Expected either an accuracy or a share of the images to answer, received both (${minAccuracy} and ${answeredShare}).`,
    );
  if ([minAccuracy, answeredShare, coverage].every((one) => one === undefined))
    return { answer: undefined, set: undefined };
  if (thresholds === null)
    throw new ConfigError(
      'This bundle has no thresholds: an earlier version of Chorus wrote it, or its stackers were trained on the training images of the members; train again, with stacking of kind holdout or kfold.',
    );
  const { answers, shares, sets } = thresholds;
  const byAccuracy = entryFor('accuracy', minAccuracy, answers);
  return {
    answer: byAccuracy
      ? (byAccuracy.threshold ?? Number.POSITIVE_INFINITY)
      : entryFor('share', answeredShare, shares, 'answered share')?.threshold,
    set: entryFor('coverage', coverage, sets)?.threshold,
  };
}

// --- internal ---

function entryFor<Key extends string, Entry extends Record<Key, number>>(
  key: Key,
  wanted: number | undefined,
  entries: readonly Entry[],
  name: string = key,
): Entry | undefined {
  if (wanted === undefined) return undefined;
  const found = entries.find((entry) => entry[key] === wanted);
  if (entries.length === 0)
    throw new ConfigError(
      `This bundle has no thresholds by ${name}: an earlier version of Chorus wrote it; train again.`,
    );
  if (found === undefined)
    throw new ConfigError(
      `Expected one of ${entries.map((entry) => entry[key]).join(', ')} as ${name}, received ${wanted}.`,
    );
  return found;
}

const accuracies = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999] as const;
const answeredShares = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99] as const;
const coverages = [0.9, 0.95, 0.99] as const;
