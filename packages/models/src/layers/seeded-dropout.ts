import tf from '@chorus/tfjs';
import { statelessUniform } from '../random/stateless-uniform.ts';
import { streamSeed } from '../random/stream-seed.ts';
import type { LayerCall } from './layer-call.ts';

/**
 * Dropout whose masks depend only on a seed and the step number; any shape.
 *
 * With a seed, the tfjs layer repeats a single mask; without one, it draws from Math.random.
 */
export class SeededDropout extends tf.layers.Layer {
  static readonly className = 'ChorusSeededDropout';
  readonly #rate: number;
  readonly #seed: number;

  constructor({ name, rate, seed }: { name: string; rate: number; seed: number }) {
    super({ name });
    this.#rate = rate;
    this.#seed = seed;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false, step }: Partial<LayerCall>): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    if (!training || this.#rate === 0) return x;
    if (step === undefined) throw new Error('dropout needs the step number during training');
    return tf.tidy(() => {
      const seed = tf.stack([tf.scalar(streamSeed(this.#seed, this.name), 'int32'), step]) as tf.Tensor1D;
      const stays = tf.greaterEqual(statelessUniform(seed, x.shape), this.#rate);
      // Scale up the rest, which preserves the expected sum.
      return tf.mul(x, tf.mul(tf.cast(stays, 'float32'), 1 / (1 - this.#rate)));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate, seed: this.#seed };
  }
}
tf.serialization.registerClass(SeededDropout);
