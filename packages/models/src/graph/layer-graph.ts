/**
 * A model's layers in execution order; runs any range of them.
 *
 * `LayersModel.apply` runs the whole model in a single mode. Fine-tuning runs the frozen layers once and the others often,
 * each layer in its own mode. The graph keeps no record of which layers train.
 */
import tf from '@chorus/tfjs';
import type { LayerCall } from '../layers/layer-call.ts';

export interface GraphNode {
  layer: tf.layers.Layer;
  /** Indices of the nodes whose outputs are its inputs, all smaller than its own. */
  inputs: readonly number[];
  /** Index of the last node that uses its output; its own index if none does. */
  lastUse: number;
  /** One image's output: [H, W, C] or [C]. */
  shape: readonly number[];
}

export class LayerGraph {
  /** Topologically ordered; the first is the input, the last the output. */
  readonly nodes: readonly GraphNode[];

  /** @param model has one input and one output, and uses every layer once; it keeps ownership of its layers. */
  constructor(model: tf.LayersModel) {
    const indexOf = new Map(model.layers.map((layer, index) => [layer, index]));
    const nodes = model.layers.map((layer, index) => ({
      layer,
      inputs: layer.inboundNodes[0]!.inboundLayers.map((inbound) => indexOf.get(inbound)!),
      lastUse: index,
      shape: (layer.outputShape as tf.Shape).slice(1) as number[],
    }));
    for (const [index, { inputs }] of nodes.entries()) for (const input of inputs) nodes[input]!.lastUse = index;
    this.nodes = nodes;
  }

  /** @throws Error if there is no such layer. */
  indexOf(layerName: string): number {
    const index = this.nodes.findIndex(({ layer }) => layer.name === layerName);
    if (index === -1) throw new Error(`the graph has no layer ${layerName}`);
    return index;
  }

  /** Whether the later nodes need no output but this node's. */
  isCut(index: number): boolean {
    return this.nodes.slice(0, index).every(({ lastUse }) => lastUse <= index);
  }

  /**
   * Runs the nodes after `from` up to and including `to`.
   *
   * @param x output of node `from`, which must be a cut; the caller keeps ownership.
   * @param callFor returns the call arguments of each node.
   * @returns output of node `to` as a new tensor; the caller disposes.
   */
  run(x: tf.Tensor, from: number, to: number, callFor: (index: number) => LayerCall): tf.Tensor {
    return tf.tidy(() => {
      const outputs = new Map([[from, x.clone()]]);
      for (let index = from + 1; index <= to; index += 1) {
        const { layer, inputs } = this.nodes[index]!;
        const tensors = inputs.map((input) => outputs.get(input)!);
        const output = tf.tidy(
          () => layer.apply(tensors.length === 1 ? tensors[0]! : tensors, callFor(index)) as tf.Tensor,
        );
        outputs.set(index, output);
        // Activations are large: dispose of each one after its last use (the gradient tape keeps those that it needs).
        for (const input of inputs)
          if (this.nodes[input]!.lastUse === index) {
            outputs.get(input)!.dispose();
            outputs.delete(input);
          }
      }
      return outputs.get(to)!;
    });
  }
}
