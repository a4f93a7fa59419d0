import type { Classifier } from '../classifier/classifier.ts';
import { setWeights } from '../classifier/model-weights.ts';
import { unusableValue } from '../classifier/unusable-value.ts';
import { ModelError } from '../errors.ts';
import { type MatchedWeight, matchLayers } from './match-layers.ts';
import { otherBackbone } from './misfit.ts';
import { type StoredLayer, withStoredLayers } from './stored-layers.ts';

/**
 * Loads an HDF5 weight file of Keras into a classifier's backbone, all or nothing: those that keras-applications
 * publishes, and what any version of Keras writes with `save_weights` (`.h5`, `.weights.h5`) or `model.save('….h5')`.
 * A classification top behind the backbone is passed over.
 *
 * Every name, shape and number is checked before the first weight changes. Where Keras gives a layer no name, the file
 * has a counter (`conv2d_94`), which may start anywhere, or no name at all: there the order and the kind of layer decide.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError naming the file, the group, what was expected and what is there; the classifier is as it was then.
 */
export async function loadBackboneWeights(
  classifier: Classifier,
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  const values = await withStoredLayers(
    file,
    (layers) => new Map(matchFile(file.name, classifier, layers).map((match) => [match.weight, readFinite(match)])),
  );
  setWeights(values);
}

// --- internal ---

/** @throws ModelError also naming the backbone that the file is of, where that is another one. */
function matchFile(fileName: string, classifier: Classifier, layers: readonly StoredLayer[]): MatchedWeight[] {
  try {
    return matchLayers(fileName, classifier, layers);
  } catch (error) {
    if (error instanceof ModelError) otherBackbone(fileName, classifier.backbone, layers);
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
