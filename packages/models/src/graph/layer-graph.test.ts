import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { add, batchNorm, conv, imageInput, relu6 } from '../backbones/layer-calls.ts';
import { inference } from '../layers/layer-call.ts';
import { seededTensor } from '../numbers.fixture.ts';
import { LayerGraph } from './layer-graph.ts';

beforeAll(() => tf.setBackend('cpu'));

/** input → stem → (left → relu) + right → sum → last; there are two branches between stem and sum. */
function branched(): { model: tf.LayersModel; graph: LayerGraph } {
  const image = imageInput(4);
  const stem = conv(image, 2, 3, 'stem');
  const left = relu6(batchNorm(conv(stem, 2, 1, 'left'), 'left_bn'), 'left_relu');
  const right = conv(stem, 2, 1, 'right');
  const model = tf.model({ inputs: image, outputs: conv(add([left, right], 'sum'), 3, 1, 'last') });
  const kernels = model.getWeights().map(({ shape }, index) => seededTensor(shape as [number], 0.1, 1, index));
  model.setWeights(kernels);
  tf.dispose(kernels);
  return { model, graph: new LayerGraph(model) };
}

const run = (graph: LayerGraph, x: tf.Tensor, from: number, to: number) => graph.run(x, from, to, () => inference);

describe('LayerGraph', () => {
  it('computes what tfjs-layers does', () => {
    const { model, graph } = branched();
    tf.tidy(() => {
      const x = seededTensor<tf.Rank.R4>([2, 4, 4, 3], -1, 1);
      const y = run(graph, x, 0, graph.nodes.length - 1);
      expect(y.dataSync()).toEqual((model.predict(x) as tf.Tensor).dataSync());
    });
    model.dispose();
  });

  it('can be cut where no branch is open, and computes the same in two runs', () => {
    const { model, graph } = branched();
    const cuts = graph.nodes.map((_, index) => index).filter((index) => graph.isCut(index));
    expect(cuts.map((index) => graph.nodes[index]!.layer.name)).toEqual(['input', 'stem', 'sum', 'last']);
    const end = graph.nodes.length - 1;
    tf.tidy(() => {
      const x = seededTensor<tf.Rank.R4>([2, 4, 4, 3], -1, 1);
      const whole = run(graph, x, 0, end).dataSync();
      for (const cut of cuts) expect(run(graph, run(graph, x, 0, cut), cut, end).dataSync()).toEqual(whole);
    });
    model.dispose();
  });

  it('passes its call arguments to each layer', () => {
    const { model, graph } = branched();
    const told: number[] = [];
    tf.tidy(() =>
      graph.run(tf.ones([1, 4, 4, 3]), 0, 3, (index) => {
        told.push(index);
        return inference;
      }),
    );
    expect(told).toEqual([1, 2, 3]);
    model.dispose();
  });

  it('disposes activations while it runs, and keeps only its output', () => {
    const { model, graph } = branched();
    const x = tf.ones([1, 4, 4, 3]);
    const before = tf.memory().numTensors;
    const alive: number[] = [];
    const y = graph.run(x, 0, graph.nodes.length - 1, () => {
      alive.push(tf.memory().numTensors - before);
      return inference;
    });
    // At most the two branches, and the clone of the input while the stem runs.
    expect(Math.max(...alive)).toBe(2);
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([x, y]);
    model.dispose();
  });
});
