/**
 * A model's layers in the order in which they run, and a way to run any stretch of them.
 *
 * `LayersModel.apply` runs all or nothing, and in one mode. Fine-tuning wants the frozen front once, the rest often,
 * and each layer in a mode of its own; nothing here remembers which layers train.
 */
import * as tf from '@tensorflow/tfjs';
import type { LayerCall } from '../layers/layer-call.ts';

export interface GraphNode {
  layer: tf.layers.Layer;
  /** Indices of the nodes whose outputs it takes, all smaller than its own. */
  inputs: readonly number[];
  /** Index of the last node that takes its output; its own where none does. */
  lastUse: number;
  /** One image's output: [H, W, C] or [C]. */
  shape: readonly number[];
}

export class LayerGraph {
  /** Topologically ordered; the first is the input, the last the output. */
  readonly nodes: readonly GraphNode[];

  /** @param model with one input, one output, and every layer used once; stays the owner of its layers. */
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

  /** @throws Error when there is no such layer. */
  indexOf(layerName: string): number {
    const index = this.nodes.findIndex(({ layer }) => layer.name === layerName);
    if (index === -1) throw new Error(`no layer ${layerName}`);
    return index;
  }

  /** Whether the output of this node is all that the nodes behind it need. */
  isCut(index: number): boolean {
    return this.nodes.slice(0, index).every(({ lastUse }) => lastUse <= index);
  }

  /**
   * Runs the nodes behind `from` up to and including `to`.
   *
   * @param x output of node `from`, which must be a cut; stays the caller's.
   * @param callFor what each node is told.
   * @returns output of node `to`, a tensor of its own; the caller disposes.
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
        // ActivationCache are large: each goes as soon as nobody needs it (a gradient keeps what it needs by itself).
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
