/** Whether the layers of a weight file fit a backbone. */
import { type BackboneFamily, backboneFamilies, backboneTable } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { bareClassifier } from './bare-classifier.ts';
import { matchLayers } from './match-layers.ts';
import type { StoredLayer } from './stored-layers.ts';

/**
 * Compares a weight file's layers with a backbone, which is built on the current tfjs backend and disposed of.
 *
 * @returns the first difference; undefined if the file fits.
 */
export function misfitOf(
  fileName: string,
  backbone: { family: BackboneFamily; variant: string },
  layers: readonly StoredLayer[],
): ModelError | undefined {
  const classifier = bareClassifier(backbone);
  try {
    matchLayers(fileName, classifier, layers);
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  } finally {
    classifier.dispose();
  }
}

/**
 * Refuses a file that does not fit its backbone but fits another one.
 *
 * @param wanted without a variant, any variant of the family.
 * @throws ModelError naming both backbones; returns if the file fits no backbone.
 */
export function otherBackbone(
  fileName: string,
  wanted: { family: BackboneFamily; variant?: string },
  layers: readonly StoredLayer[],
): void {
  const widths = new Set(layers.flatMap(({ weights }) => weights.map(({ shape }) => shape.at(-1))));
  for (const family of backboneFamilies)
    for (const { name: variant, featureWidth } of backboneTable[family].variants) {
      // The last convolution outputs the features, so most backbones are ruled out without building a model.
      if (!widths.has(featureWidth) || misfitOf(fileName, { family, variant }, layers) !== undefined) continue;
      throw new ModelError(
        `${fileName}: expected weights of ${nameOf(wanted)}, received those of ${nameOf({ family, variant })}; choose that backbone or another file.`,
      );
    }
}

// --- internal ---

function nameOf({ family, variant }: { family: BackboneFamily; variant?: string }): string {
  return variant === undefined || backboneTable[family].variants.length === 1 ? family : `${family} ${variant}`;
}
