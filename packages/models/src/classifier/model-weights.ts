/** A model's weights under names that do not depend on other models built in the process. */
import tf from '@chorus/tfjs';
import type { GraphNode } from '../graph/layer-graph.ts';
import { glorotUniform } from '../random/glorot-uniform.ts';

export interface ModelWeight {
  layerName: string;
  /** As in Keras: kernel, depthwise_kernel, bias, gamma, beta, moving_mean, moving_variance. */
  weightName: string;
  shape: readonly number[];
  /** Whether gradients update it, as opposed to BatchNorm's moving statistics. */
  trainable: boolean;
  variable: tf.Variable;
}

/** In layer order and, within a layer, in the order in which Keras stores them. */
export function weightsOf(nodes: readonly GraphNode[]): ModelWeight[] {
  return nodes.flatMap(({ layer }) =>
    layer.weights.map((weight) => ({
      layerName: layer.name,
      weightName: weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1),
      shape: weight.shape as number[],
      trainable: weight.trainable,
      // tfjs-layers returns the variable itself, typed as a tensor.
      variable: weight.read() as tf.Variable,
    })),
  );
}

/** Replaces weights; the lengths must match the shapes. */
export function setWeights(values: ReadonlyMap<ModelWeight, Float32Array>): void {
  tf.tidy(() => {
    for (const [{ variable, shape }, numbers] of values) variable.assign(tf.tensor(numbers, [...shape], 'float32'));
  });
}

/** Draws all kernels at random; biases and BatchNorm keep the initial values of Keras, with which their layers are built. */
export function drawKernels(weights: readonly ModelWeight[], seed: number): void {
  const kernels = weights.filter(({ weightName }) => weightName.endsWith('kernel'));
  setWeights(
    new Map(
      kernels.map((weight) => [weight, glorotUniform(weight.shape, seed, `${weight.layerName}/${weight.weightName}`)]),
    ),
  );
}
