/** Whether the layers of a weight file fit a backbone. */
import {
  type BackboneFamily,
  backboneFamilies,
  backboneTable,
  type VariantChoice,
  variantOf,
} from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { matchLayers } from './match-layers.ts';
import type { StoredLayer } from './stored-layers.ts';

/**
 * Compares a weight file's layers with a backbone, which is built and disposed on the current tfjs backend.
 *
 * @returns the first difference; undefined if the file fits.
 */
export function misfitOf(
  fileName: string,
  { family, variant }: { family: BackboneFamily; variant: string },
  layers: readonly StoredLayer[],
): ModelError | undefined {
  const backbone = { family, variant, inputSize: backboneTable[family].minimumInputSize };
  const classifier = new Classifier({ backbone, classes: ['one', 'other'], seed: 0 });
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
 * Rejects a file that does not fit its backbone but another one.
 *
 * @param wanted names a variant, or only a family for any of its variants.
 * @throws ModelError naming both backbones; returns if the file fits no backbone.
 */
export function otherBackbone(fileName: string, wanted: VariantChoice, layers: readonly StoredLayer[]): void {
  const widths = new Set(layers.flatMap(({ weights }) => weights.map(({ shape }) => shape.at(-1))));
  for (const family of backboneFamilies) {
    for (const { name: variant, featureWidth } of backboneTable[family].variants) {
      // The last convolution outputs the features, which rules out most backbones without a model.
      if (!widths.has(featureWidth) || misfitOf(fileName, { family, variant }, layers) !== undefined) continue;
      throw new ModelError(
        `${fileName}: expected weights of ${nameOf(wanted)}, received those of ${nameOf({ family, variant })}; choose that backbone or another file.`,
      );
    }
  }
}

// --- internal ---

function nameOf(choice: VariantChoice): string {
  const { family, variant, alpha } = choice;
  const anyVariant = variant === undefined && alpha === undefined;
  return anyVariant || backboneTable[family].variants.length === 1 ? family : `${family} ${variantOf(choice).name}`;
}
