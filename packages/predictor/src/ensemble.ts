/** A bundle's networks, stacker and calibration, in memory. */
import { type BundleManifest, calibrate, meanOfModels, outputsPerImage, type Stacker } from '@chorus/models/bundle';
import type { Network } from './engine.ts';
import { inOrder } from './in-order.ts';
import { nextTurn } from './next-turn.ts';

export interface LoadedNetwork {
  memberIndex: number;
  output: 'logits' | 'features';
  /** Side of its images, pixels. */
  size: number;
  /** Name of its input. */
  input: string;
  network: Network;
}

/** Images in all sizes that the networks take: per size [size, size, 3], RGB 0 … 255. */
export type Squares = ReadonlyMap<number, Uint8Array>;

export class LoadedEnsemble {
  readonly #manifest: BundleManifest;
  readonly #stacker: Stacker;
  readonly #networks: readonly LoadedNetwork[];
  /** Runs of a network must not overlap, and dispose waits for those that were started. */
  readonly #inOrder = inOrder();
  #isDisposed = false;

  /** Owns the networks. */
  constructor(manifest: BundleManifest, stacker: Stacker, networks: readonly LoadedNetwork[]) {
    this.#manifest = manifest;
    this.#stacker = stacker;
    this.#networks = networks;
  }

  /** Sides of the images that the networks take, pixels. */
  get sizes(): number[] {
    return [...new Set(this.#networks.map(({ size }) => size))];
  }

  /**
   * Predicts images, after the predictions that were started before.
   *
   * @returns probabilities [images, classes].
   * @throws the signal's reason before the next network after an abort.
   */
  predict(images: readonly Squares[], signal: AbortSignal | undefined): Promise<Float32Array> {
    return this.#inOrder(() => this.#predict(images, signal));
  }

  /** Frees the networks once all predictions have ended. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#inOrder(async () => {
      for (const { network } of this.#networks) await network.dispose();
    });
  }

  async #predict(images: readonly Squares[], signal: AbortSignal | undefined): Promise<Float32Array> {
    const { members, classes, calibration } = this.#manifest;
    const rowsOf = members.map((): Float32Array[] => []);
    const batches = new Map(this.sizes.map((size) => [size, batchOf(images, size)]));
    for (const { memberIndex, size, input, network } of this.#networks) {
      await nextTurn();
      signal?.throwIfAborted();
      rowsOf[memberIndex]!.push(await network.run(input, batches.get(size)!, [images.length, size, size, 3]));
    }
    signal?.throwIfAborted();
    // Undefined for a member whose outputs the stacker does not read.
    const means = rowsOf.map((rows) => (rows.length === 0 ? undefined : meanOfModels(rows)));
    const readsFeatures = this.#stacker.featureMembers.length > 0;
    // A stacker that reads features reads no logits.
    const none = new Float32Array(images.length * outputsPerImage(classes.length));
    const logits = means.map((mean) => (readsFeatures ? none : mean!));
    const features = new Map(means.flatMap((mean, index) => (readsFeatures && mean ? [[index, mean]] : [])));
    return calibrate(this.#stacker.predict(logits, features), calibration, classes.length);
  }
}

// --- internal ---

function batchOf(images: readonly Squares[], size: number): Uint8Array {
  const length = size * size * 3;
  const batch = new Uint8Array(images.length * length);
  for (const [index, squares] of images.entries()) batch.set(squares.get(size)!, index * length);
  return batch;
}
