/** Random numbers of an image in an epoch, which depend neither on other images nor on the batch. */
import { philoxUniform, streamSeed } from '@chorus/models';

/** Every use has its own number, so that turning one setting on does not change what another one draws. */
const uses = [
  ...(['cropArea', 'cropRatio', 'cropLeft', 'cropTop', 'rotation', 'shear'] as const),
  ...(['brightness', 'contrast', 'saturation', 'hue', 'gray'] as const),
  ...(['erase', 'eraseArea', 'eraseRatio', 'eraseLeft', 'eraseTop'] as const),
  ...(['cuts', 'cutLeft', 'cutTop'] as const),
  ...(['blur', 'blurRadius'] as const),
] as const;

/** A number in [0, 1) for each use. */
export type Draws = Readonly<Record<(typeof uses)[number], number>>;

/** Draws the numbers of one epoch: for each image, by its index in the store. */
export function epochDraws(seed: number, epochIndex: number): (image: number) => Draws {
  const key = streamSeed(seed, `augmentation ${epochIndex}`);
  return (image) => {
    const numbers = philoxUniform([key, image], uses.length);
    return Object.fromEntries(uses.map((use, index) => [use, numbers[index]!])) as Draws;
  };
}

/** Maps a number in [0, 1) to a range. */
export function between(lowest: number, highest: number, draw: number): number {
  return lowest + (highest - lowest) * draw;
}

/** Draws from Beta(α, α), α at most 1, for each image of an epoch. */
export function epochBetas(seed: number, epochIndex: number): (image: number, alpha: number) => number {
  const key = streamSeed(seed, `mixing ${epochIndex}`);
  return (image, alpha) => betaFrom(philoxUniform([key, image], 2 * mostTrials), alpha);
}

/** Draws the numbers of a policy's operations, for each image of an epoch. */
export function epochPolicyDraws(seed: number, epochIndex: number): (image: number, length: number) => Float32Array {
  const key = streamSeed(seed, `policy ${epochIndex}`);
  return (image, length) => philoxUniform([key, image], length);
}

// --- internal ---

/** A trial is accepted with a probability of at least one half. */
const mostTrials = 24;

/**
 * Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", 1964.
 *
 * @param numbers uniform in [0, 1), two per trial.
 */
function betaFrom(numbers: Float32Array, alpha: number): number {
  for (let trial = 0; trial < mostTrials; trial += 1) {
    // Never 0, of which the logarithm is infinite.
    const [u, v] = [numbers[2 * trial]! + 2 ** -24, numbers[2 * trial + 1]! + 2 ** -24];
    if (u ** (1 / alpha) + v ** (1 / alpha) <= 1) return 1 / (1 + Math.exp((Math.log(v) - Math.log(u)) / alpha));
  }
  return 0.5;
}
