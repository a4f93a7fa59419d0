import type { BackboneArchitecture } from '../backbones/architecture.ts';
import type { GraphNode } from '../graph/layer-graph.ts';

/**
 * Numbers a backbone's blocks from its output to its input.
 *
 * @param backbone the backbone's nodes, in execution order.
 * @returns a function from a layer's name to its depth: 1 for the last block; 0 for layers outside the backbone.
 */
export function blockDepths(
  backbone: readonly GraphNode[],
  blockOf: BackboneArchitecture['blockOf'],
): (layerName: string) => number {
  const names = backbone.filter(({ layer }) => layer.weights.length > 0).map(({ layer }) => layer.name);
  const blocks = [...new Set(names.map(blockOf))];
  const depths = new Map(names.map((name) => [name, blocks.length - blocks.indexOf(blockOf(name))]));
  return (layerName) => depths.get(layerName) ?? 0;
}
