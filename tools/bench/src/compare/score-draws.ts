/** Scores over several draws of training images, each tested on the same images. */
import { uniformFrom } from './uniform.ts';

/** What a classifier does on each draw and test image. */
export interface DrawOutcomes {
  /** Per draw [images]: 1 if the image is classified correctly, else 0; divided by the share of its class if classes count equally. */
  correct: Float64Array[];
  /** Per draw [images]: log loss in nats. */
  losses: Float64Array[];
}

export interface Estimate {
  mean: number;
  /** 95 % interval over other draws and other test images. */
  interval: [low: number, high: number];
}

const resampleCount = 1000;
/** A probability of 0 would make a log loss infinite; scikit-learn clips at the same order of magnitude. */
const smallestProbability = 1e-15;

/**
 * Outcomes of probabilities.
 *
 * @param draws per draw [images, classes].
 * @param labels the true class of each image.
 */
export function outcomesOf(draws: readonly ArrayLike<number>[], labels: readonly number[]): DrawOutcomes {
  const classCount = Math.max(...labels) + 1;
  // The mean of these is the mean of the classes' recalls: balanced accuracy.
  const weights = Array.from(
    { length: classCount },
    (_, label) => labels.length / (classCount * labels.filter((one) => one === label).length),
  );
  return {
    correct: draws.map((probabilities) =>
      Float64Array.from(labels, (label, image) =>
        predicted(probabilities, image, classCount) === label ? weights[label]! : 0,
      ),
    ),
    losses: draws.map((probabilities) =>
      Float64Array.from(
        labels,
        (label, image) => -Math.log(Math.max(probabilities[image * classCount + label]!, smallestProbability)),
      ),
    ),
  };
}

/**
 * Mean over draws and images, with a percentile bootstrap that resamples both, so that it allows for other training images and
 * other test images.
 *
 * @param values per draw [images].
 */
export function estimate(values: readonly Float64Array[], seed = 0): Estimate {
  const [drawCount, imageCount] = [values.length, values[0]!.length];
  const random = uniformFrom(seed);
  const means = Array.from({ length: resampleCount }, () => {
    const sums = new Float64Array(imageCount);
    for (let count = 0; count < drawCount; count += 1) {
      const draw = values[Math.floor(random() * drawCount)]!;
      for (let image = 0; image < imageCount; image += 1) sums[image]! += draw[image]!;
    }
    let total = 0;
    for (let count = 0; count < imageCount; count += 1) total += sums[Math.floor(random() * imageCount)]!;
    return total / drawCount / imageCount;
  }).toSorted((a, b) => a - b);
  const at = (share: number) => means[Math.round(share * (resampleCount - 1))]!;
  return { mean: mean(values.map((one) => mean(one))), interval: [at(0.025), at(0.975)] };
}

/** Per draw, the first values minus the second. */
export function differences(first: readonly Float64Array[], second: readonly Float64Array[]): Float64Array[] {
  return first.map((one, draw) => one.map((value, image) => value - second[draw]![image]!));
}

// --- internal ---

function predicted(probabilities: ArrayLike<number>, image: number, classCount: number): number {
  let best = 0;
  for (let label = 1; label < classCount; label += 1)
    if (probabilities[image * classCount + label]! > probabilities[image * classCount + best]!) best = label;
  return best;
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, one) => sum + one, 0) / values.length;
}
