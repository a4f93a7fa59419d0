import type { BackboneFamily } from '../backbones/table.ts';
import { bareClassifier } from './bare-classifier.ts';
import { readBackboneWeights } from './load-backbone-weights.ts';

/**
 * Checks that `loadBackboneWeights` can load a file into a backbone: its names, shapes and numbers.
 *
 * Builds the backbone on the current tfjs backend, and disposes of it.
 *
 * @param file its name, for messages, and its content.
 * @throws ModelError as `loadBackboneWeights`.
 */
export async function checkBackboneWeights(
  backbone: { family: BackboneFamily; variant: string },
  file: { name: string; bytes: Uint8Array },
): Promise<void> {
  const classifier = bareClassifier(backbone);
  try {
    await readBackboneWeights(classifier, file);
  } finally {
    classifier.dispose();
  }
}
