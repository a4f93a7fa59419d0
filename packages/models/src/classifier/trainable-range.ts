/** Where a classifier can be split, and which layers after the split train. */
import type { BackboneArchitecture } from '../backbones/architecture.ts';
import { ModelError } from '../errors.ts';
import type { LayerGraph } from '../graph/layer-graph.ts';
import { blockDepths } from './block-depths.ts';

/**
 * The layers that train: the head alone, all layers, the head and the backbone's last n layers (counted as
 * `model.layers[-n:]` in Keras) or last n blocks, or all layers after a named cut.
 */
export type FineTuneRange = 'head' | 'all' | { lastLayers: number } | { lastBlocks: number } | { behind: string };

/** A layer whose output is all that the later layers need. */
export interface CutPoint {
  /** The layer's name; `input` for the preprocessed image. */
  layerName: string;
  /** One image's activations: [H, W, C] or, pooled, [C]. */
  shape: readonly number[];
}

/** All cut points up to the pooled features. */
export function cutPoints(graph: LayerGraph, backboneEnd: number): CutPoint[] {
  const indices = Array.from({ length: backboneEnd + 2 }, (_, index) => index);
  return indices.filter((index) => graph.isCut(index)).map((index) => cutPoint(graph, index));
}

/** A node as a cut point. */
export function cutPoint(graph: LayerGraph, index: number): CutPoint {
  const { layer, shape } = graph.nodes[index]!;
  return { layerName: layer.name, shape };
}

/**
 * Index of the first node that trains.
 *
 * @throws ModelError for a range that does not exist, naming those that do.
 */
export function firstTrainableNode(
  graph: LayerGraph,
  backboneEnd: number,
  range: FineTuneRange,
  blockOf: BackboneArchitecture['blockOf'],
): number {
  if (range === 'head') return backboneEnd + 2;
  if (range === 'all') return 1;
  if ('behind' in range) {
    const legal = cutPoints(graph, backboneEnd).map(({ layerName }) => layerName);
    if (!legal.includes(range.behind))
      throw new ModelError(`Unknown cut ${JSON.stringify(range.behind)}; expected one of: ${legal.join(', ')}.`);
    return graph.indexOf(range.behind) + 1;
  }
  if ('lastBlocks' in range) return firstOfLastBlocks(graph, backboneEnd, range.lastBlocks, blockOf);
  const { lastLayers } = range;
  if (!Number.isInteger(lastLayers) || lastLayers < 0 || lastLayers > backboneEnd + 1)
    throw new ModelError(
      `Invalid lastLayers ${lastLayers}; expected 0 to ${backboneEnd + 1}, the number of layers of this backbone.`,
    );
  if (lastLayers === 0) return backboneEnd + 2;
  // As in Keras, the input counts as a layer.
  return Math.max(1, backboneEnd + 1 - lastLayers);
}

// --- internal ---

function firstOfLastBlocks(
  graph: LayerGraph,
  backboneEnd: number,
  lastBlocks: number,
  blockOf: BackboneArchitecture['blockOf'],
): number {
  const backbone = graph.nodes.slice(0, backboneEnd + 1);
  const depthOf = blockDepths(backbone, blockOf);
  const depths = backbone.map(({ layer }) => depthOf(layer.name));
  const blockCount = Math.max(...depths);
  if (!Number.isInteger(lastBlocks) || lastBlocks < 1 || lastBlocks > blockCount)
    throw new ModelError(
      `Invalid lastBlocks ${lastBlocks}; expected 1 to ${blockCount}, the number of blocks of this backbone.`,
    );
  return depths.indexOf(lastBlocks);
}
