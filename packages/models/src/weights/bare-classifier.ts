import tf from '@chorus/tfjs';
import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';

/**
 * Builds a classifier of a backbone at its smallest input size, to compare the names and shapes of its weights, which are zero.
 *
 * @returns a classifier on the current tfjs backend; the caller disposes.
 */
export function bareClassifier({ family, variant }: { family: BackboneFamily; variant: string }): Classifier {
  const backbone = { family, variant, inputSize: backboneTable[family].minimumInputSize };
  const flags = tf.env();
  const wasProd = flags.getBool('PROD');
  // At its first use in node, tfjs' own backend prints a recommendation to install another one.
  flags.set('PROD', true);
  try {
    return new Classifier({ backbone, classes: ['one', 'other'], seed: 0 });
  } finally {
    flags.set('PROD', wasProd);
  }
}
