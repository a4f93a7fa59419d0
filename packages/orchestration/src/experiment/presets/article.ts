import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * article: the procedure of V. Agarwal, "Destroy Image Classification by Ensemble of Pre-trained models" (2020), to the
 * letter, flaws and all; the report lists them. It claims 97.9, 97.8 and 97.9 % for the members and 98.3 % for the ensemble, of
 * 992 test images.
 *
 * Cost: a GPU with 16 GB. Not measured yet.
 */
export const article: Partial<ExperimentInput> = {
  name: 'article',
  inputSize: 224,
  // There copies of one picture were not looked for.
  data: { source: 'cats-and-dogs', duplicates: 'report' },
  weights: 'imagenet',
  members: threeBackbones,
  recipe: {
    batchSize: 32,
    flip: false,
    whole: { epochCount: 20, learningRate: 1e-4 },
  },
  testTimeAugmentation: false,
  stacking: { kind: 'training-images' },
  stackers: { kinds: ['dense'], dense: { epochCount: 20, patience: null } },
  flaws: {
    rawBgr: true,
    aliasedResize: true,
    wholeFromStart: true,
    lastEpoch: true,
    wholeBatchesOnly: true,
    tuneOnTest: true,
    fromLogitsOnSigmoid: 'cached-logits',
  },
  // As there.
  runtime: { precision: 'float32' },
};

/** What the article leaves open, and what was chosen; goes into the report. */
export const articleChoices: readonly string[] = [
  'Copies of one picture are reported and stay where they are, as there (data.duplicates: "report").',
  'Images are shuffled in each epoch, from the seed; there once as they are loaded and again by Keras.',
  "What fills no batch at the end of an epoch's order is left out of it; there a short batch opens the next epoch.",
  'Which test images fill no batch and are left out is drawn from the seed.',
  'Labels follow the order of the class names; there they were 1 for cats and 0 for dogs.',
  "Heads and the dense stacker start from Glorot's uniform draws and zero biases, as Keras' layers do.",
  'Adam has the epsilon 1e-7 of Keras.',
  'from_logits on sigmoid outputs is read as tf.keras reads it today; TensorFlow 2.1 and 2.2 took the sigmoid twice (flaws.fromLogitsOnSigmoid: "probabilities").',
  "BatchNorm's moving variance takes the biased one of each batch, as Keras 3; tf.keras takes n / (n - 1) of it.",
  'The frozen members answer once, not anew in each epoch of the stack: their answers are the same.',
];
