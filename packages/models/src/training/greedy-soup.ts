/**
 * Greedy soups: averages of the weights of a stage's best epochs, as in Wortsman et al., "Model soups: averaging weights of
 * multiple fine-tuned models improves accuracy without increasing inference time", 2022.
 */

/** The weights of one epoch. */
export interface EpochWeights<Weights> {
  /** Null for the initial weights of the stage. */
  epochIndex: number | null;
  /** Loss on the tuning images. */
  loss: number;
  weights: Weights;
}

/** The best epochs of a stage so far, up to a number; disposes the weights of the others. */
export class BestEpochs<Weights extends { dispose(): void }> {
  readonly #mostEpochs: number;
  readonly #sorted: EpochWeights<Weights>[];

  /** @param sorted those of an earlier part of the stage, the best one first; takes ownership of their weights. */
  constructor(mostEpochs: number, sorted: readonly EpochWeights<Weights>[] = []) {
    this.#mostEpochs = mostEpochs;
    this.#sorted = [...sorted];
  }

  /** Takes the weights of an epoch if it is among the best; of equal ones, the earlier are better. */
  offer(epochIndex: number | null, loss: number, take: () => Weights): void {
    const better = this.#sorted.filter((one) => one.loss <= loss).length;
    if (better === this.#mostEpochs || !Number.isFinite(loss)) return;
    // Before the copy, so that there are never more copies than epochs: each may take hundreds of megabytes.
    for (const { weights } of this.#sorted.splice(this.#mostEpochs - 1)) weights.dispose();
    this.#sorted.splice(better, 0, { epochIndex, loss, weights: take() });
  }

  /** Drops an epoch and all later ones, because they are trained again. */
  dropFrom(epochIndex: number): void {
    const isDropped = (one: EpochWeights<Weights>) => one.epochIndex !== null && one.epochIndex >= epochIndex;
    for (const { weights } of this.#sorted.filter(isDropped)) weights.dispose();
    this.#sorted.splice(0, this.#sorted.length, ...this.#sorted.filter((one) => !isDropped(one)));
  }

  /** The best one first. */
  get sorted(): readonly EpochWeights<Weights>[] {
    return this.#sorted;
  }

  dispose(): void {
    for (const { weights } of this.#sorted.splice(0)) weights.dispose();
  }
}

/**
 * Chooses the epochs of a soup: starts with the best one, and adds each of the others in turn unless the loss of the average
 * increases.
 *
 * @param sorted at least one epoch, the best one first.
 * @param lossOf loss on the tuning images of the average of weights.
 */
export async function greedySoup<Weights>(
  sorted: readonly EpochWeights<Weights>[],
  lossOf: (weights: readonly Weights[]) => Promise<number>,
): Promise<{ epochs: EpochWeights<Weights>[]; loss: number }> {
  const [best, ...others] = sorted as [EpochWeights<Weights>, ...EpochWeights<Weights>[]];
  let epochs = [best];
  let { loss } = best;
  for (const other of others) {
    const more = [...epochs, other];
    const lossOfMore = await lossOf(more.map(({ weights }) => weights));
    // False for NaN.
    if (lossOfMore <= loss) [epochs, loss] = [more, lossOfMore];
  }
  return { epochs, loss };
}
