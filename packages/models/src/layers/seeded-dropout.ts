import * as tf from '@tensorflow/tfjs';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { generatorFor } from '../random/generator-for.ts';
import type { LayerCall } from './layer-call.ts';

/**
 * Dropout of which the masks follow from a seed alone; any shape.
 *
 * tfjs' own layer has a seed for a single mask, or draws from Math.random.
 */
export class SeededDropout extends tf.layers.Layer {
  static readonly className = 'ChorusSeededDropout';
  readonly #rate: number;
  readonly #seed: number;
  readonly #random: RandomGenerator;

  constructor({ name, rate, seed }: { name: string; rate: number; seed: number }) {
    super({ name });
    this.#rate = rate;
    this.#seed = seed;
    this.#random = generatorFor(seed, name);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: Partial<LayerCall>): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    if (!training || this.#rate === 0) return x;
    // What stays is scaled up, so that the sum is kept on average.
    const scale = 1 / (1 - this.#rate);
    const mask = Float32Array.from({ length: x.size }, () => (uniformFloat32(this.#random) < this.#rate ? 0 : scale));
    return tf.tidy(() => tf.mul(x, tf.tensor(mask, x.shape)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate, seed: this.#seed };
  }
}
tf.serialization.registerClass(SeededDropout);
