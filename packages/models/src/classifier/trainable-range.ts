/** Where a classifier may be cut in two, and what behind a cut trains. */
import { ModelError } from '../errors.ts';
import type { LayerGraph } from '../graph/layer-graph.ts';

/**
 * What trains: the head alone, everything, the head and the backbone's last layers (counted as `model.layers[-n:]` in
 * Keras), or what lies behind a named cut.
 */
export type FineTuneRange = 'head' | 'all' | { lastLayers: number } | { behind: string };

/** A place where exactly one tensor flows. */
export interface CutPoint {
  /** The layer whose output it is; `input` for the preprocessed image. */
  layerName: string;
  /** One image's activations: [H, W, C] or, pooled, [C]. */
  shape: readonly number[];
}

/** All legal cuts up to the pooled features. */
export function cutPoints(graph: LayerGraph, backboneEnd: number): CutPoint[] {
  const indices = Array.from({ length: backboneEnd + 2 }, (_, index) => index);
  return indices.filter((index) => graph.isCut(index)).map((index) => cutPoint(graph, index));
}

/** What flows behind a node. */
export function cutPoint(graph: LayerGraph, index: number): CutPoint {
  const { layer, shape } = graph.nodes[index]!;
  return { layerName: layer.name, shape };
}

/**
 * Index of the first node that trains.
 *
 * @throws ModelError for a range that is not there, naming what is.
 */
export function firstTrainableNode(graph: LayerGraph, backboneEnd: number, range: FineTuneRange): number {
  if (range === 'head') return backboneEnd + 2;
  if (range === 'all') return 1;
  if ('behind' in range) {
    const legal = cutPoints(graph, backboneEnd).map(({ layerName }) => layerName);
    if (!legal.includes(range.behind))
      throw new ModelError(`Expected a cut out of ${legal.join(', ')}, received ${JSON.stringify(range.behind)}.`);
    return graph.indexOf(range.behind) + 1;
  }
  const { lastLayers } = range;
  if (!Number.isInteger(lastLayers) || lastLayers < 0 || lastLayers > backboneEnd + 1)
    throw new ModelError(
      `Expected lastLayers from 0 to ${backboneEnd + 1}, the layers of this backbone, received ${lastLayers}.`,
    );
  if (lastLayers === 0) return backboneEnd + 2;
  // The input counts as a layer, as in Keras.
  return Math.max(1, backboneEnd + 1 - lastLayers);
}
