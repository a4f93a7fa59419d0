/** A classifier as standard tfjs layers: a model that loads without Chorus. */
import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { LayerGraph } from '../graph/layer-graph.ts';
import { BatchNorm } from '../layers/batch-norm.ts';
import { Relu6 } from '../layers/relu6.ts';
import { SeededDropout } from '../layers/seeded-dropout.ts';

/** Preprocessed images [N,S,S,3] → logits [N, outputCount], as a flat model of the layers of keras.applications. */
export interface PlainNetwork {
  /** Prefix of the layers' names, `<name>/<name in the backbone>`, so that one model can contain several networks. */
  name: string;
  model: tf.LayersModel;
}

/**
 * Copies a classifier without its preprocessing; both share the memory of the weights.
 *
 * @returns a network on the current backend; the caller disposes of its weights.
 */
export function plainNetwork(classifier: Classifier, name: string): PlainNetwork {
  const outputs: Symbolic[] = [];
  for (const { layer, inputs } of new LayerGraph(classifier.model).nodes) {
    const layerName = `${name}/${layer.name}`;
    if (inputs.length === 0) {
      outputs.push(tf.input({ shape: layer.outputShape.slice(1) as tf.Shape, name: layerName }));
      continue;
    }
    const plain = plainLayer(layer, layerName);
    const xs = inputs.map((input) => outputs[input]!);
    outputs.push(plain.apply(xs.length === 1 ? xs[0]! : xs) as Symbolic);
    plain.setWeights(layer.getWeights());
  }
  return { name, model: tf.model({ inputs: outputs[0]!, outputs: outputs.at(-1)!, name }) };
}

// --- internal ---

function plainLayer(layer: tf.layers.Layer, name: string): tf.layers.Layer {
  const config = { ...layer.getConfig(), name };
  const make = inPlaceOf.get(layer.getClassName());
  if (make !== undefined) return make(config);
  const { fromConfig } = layer.constructor as tf.serialization.SerializableConstructor<tf.layers.Layer>;
  return fromConfig.call(layer.constructor, layer.constructor as never, config) as tf.layers.Layer;
}

/** Standard layers for ours, with the same weights in the same order. */
const inPlaceOf = new Map<string, (config: tf.serialization.ConfigDict & { name: string }) => tf.layers.Layer>([
  [
    BatchNorm.className,
    ({ name, momentum, epsilon, scale }) =>
      tf.layers.batchNormalization({
        name,
        momentum: momentum as number,
        epsilon: epsilon as number,
        scale: scale as boolean,
      }),
  ],
  [Relu6.className, ({ name }) => tf.layers.reLU({ name, maxValue: 6 })],
  [SeededDropout.className, ({ name, rate }) => tf.layers.dropout({ name, rate: rate as number })],
]);
