/** Whether the layers of a weight file fit a backbone. */
import { type BackboneFamily, backboneFamilies, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { matchLayers } from './match-layers.ts';
import type { StoredLayer } from './stored-layers.ts';

/**
 * Compares a weight file's layers with a backbone, which is built for it on the current tfjs backend and disposed again.
 *
 * @returns the first difference; undefined where the file fits.
 */
export function misfitOf(
  fileName: string,
  { family, alpha }: { family: BackboneFamily; alpha: number },
  layers: readonly StoredLayer[],
): ModelError | undefined {
  const backbone = { family, alpha, inputSize: backboneTable[family].minimumInputSize };
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
 * Refuses a file that does not fit its backbone and fits another one.
 *
 * @param wanted without an alpha, one of any width.
 * @throws ModelError naming both backbones; returns where the file fits no backbone.
 */
export function otherBackbone(
  fileName: string,
  wanted: { family: BackboneFamily; alpha?: number },
  layers: readonly StoredLayer[],
): void {
  const widths = new Set(layers.flatMap(({ weights }) => weights.map(({ shape }) => shape.at(-1))));
  for (const family of backboneFamilies) {
    const { alphas, featureWidth } = backboneTable[family];
    for (const alpha of alphas) {
      // The last convolution has as many outputs as there are features: most backbones are ruled out without a model.
      if (!widths.has(featureWidth(alpha)) || misfitOf(fileName, { family, alpha }, layers) !== undefined) continue;
      throw new ModelError(
        `${fileName}: expected weights of ${nameOf(wanted)}, received those of ${nameOf({ family, alpha })}; choose that backbone or another file.`,
      );
    }
  }
}

// --- internal ---

function nameOf({ family, alpha }: { family: BackboneFamily; alpha?: number }): string {
  return alpha === undefined || backboneTable[family].alphas.length === 1 ? family : `${family} of alpha ${alpha}`;
}
