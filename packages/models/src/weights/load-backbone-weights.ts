import { variantOf } from '../backbones/table.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { unusableValue } from '../classifier/unusable-value.ts';
import { ModelError } from '../errors.ts';
import { type MatchedWeight, matchLayers } from './match-layers.ts';
import { otherBackbone } from './misfit.ts';
import { type StoredLayer, withStoredLayers } from './stored-layers.ts';

/**
 * Loads a Keras HDF5 weight file into a classifier's backbone: a file that keras-applications publishes, or one that any version
 * of Keras writes with `save_weights` (`.h5`, `.weights.h5`) or `model.save('….h5')`. Ignores a classification top.
 *
 * All names, shapes and numbers are checked before the first weight changes. Layers that Keras leaves unnamed have a default
 * name with a counter in the file (`conv2d_94`), which may start anywhere, or no name at all; they are matched by order and
 * kind.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError naming the file, the group, what was expected and what was found; the classifier is unchanged then.
 */
export async function loadBackboneWeights(
  classifier: Classifier,
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  setWeights(await readBackboneWeights(classifier, file));
}

/**
 * Reads the values of a classifier's backbone weights from a file.
 *
 * @throws ModelError as {@link loadBackboneWeights}.
 */
export async function readBackboneWeights(
  classifier: Classifier,
  file: { name: string; bytes: Uint8Array },
): Promise<Map<ModelWeight, Float32Array>> {
  return withStoredLayers(
    file,
    (layers) => new Map(matchFile(file.name, classifier, layers).map((match) => [match.weight, readFinite(match)])),
  );
}

// --- internal ---

/** @throws ModelError naming the backbone that the file is for, if it is another one. */
function matchFile(fileName: string, classifier: Classifier, layers: readonly StoredLayer[]): MatchedWeight[] {
  try {
    return matchLayers(fileName, classifier, layers);
  } catch (error) {
    if (error instanceof ModelError)
      otherBackbone(
        fileName,
        { family: classifier.backbone.family, variant: variantOf(classifier.backbone).name },
        layers,
      );
    throw error;
  }
}

function readFinite({ weight, stored, where }: MatchedWeight): Float32Array {
  const values = stored.read();
  const unusable = unusableValue(values, weight.weightName);
  if (unusable !== undefined)
    throw new ModelError(
      `${where}: expected ${unusable.expected} in ${weight.weightName}, received ${unusable.received}.`,
    );
  return values;
}
