import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * article: an exact reproduction of V. Agarwal, "Destroy Image Classification by Ensemble of Pre-trained models" (2020),
 * including its flaws, which the report lists. The article claims an accuracy of 97.9, 97.8 and 97.9 % for the members and of
 * 98.3 % for the ensemble, on 992 test images.
 *
 * Without a GPU, it takes hours: `docs/article.md` has the results of a run.
 */
export const article: Partial<ExperimentInput> = {
  name: 'article',
  inputSize: 224,
  // The article does not look for duplicates.
  data: { source: 'cats-and-dogs', duplicates: 'report' },
  weights: 'imagenet',
  members: threeBackbones,
  recipe: {
    batchSize: 32,
    augmentation: 'none',
    imbalance: 'none',
    whole: { epochCount: 20, learningRate: 1e-4 },
  },
  testTimeAugmentation: false,
  stacking: { kind: 'training-images' },
  stackers: { kinds: ['dense'], dense: { epochCount: 20, patience: null } },
  calibration: 'none',
  flaws: {
    rawBgr: true,
    aliasedResize: true,
    wholeFromStart: true,
    lastEpoch: true,
    wholeBatchesOnly: true,
    tuneOnTest: true,
    fromLogitsOnSigmoid: 'cached-logits',
  },
  // As in the article.
  runtime: { precision: 'float32' },
};

/** Choices made where the article does not specify or this implementation differs; they go into the report. */
export const articleChoices: readonly string[] = [
  'Duplicate images are reported but kept, as in the article (data.duplicates: "report").',
  'The seed determines how images are shuffled in each epoch; the article shuffles once when loading, and Keras shuffles again.',
  'Images that do not fill a batch at the end of an epoch are left out; in the article, a short batch starts the next epoch.',
  'The seed determines which test images are left out because they do not fill a batch.',
  'Labels follow the order of the class names; the article uses 1 for cats and 0 for dogs.',
  "Heads and the dense stacker start from Glorot uniform weights and zero biases, Keras' defaults.",
  "Adam's epsilon is 1e-7, Keras' default.",
  'from_logits with sigmoid outputs is handled as in current tf.keras; TensorFlow 2.1 and 2.2 applied the sigmoid twice (flaws.fromLogitsOnSigmoid: "probabilities").',
  "BatchNorm's moving variance uses the biased batch variance, as in Keras 3; tf.keras multiplies it by n / (n - 1).",
  "The frozen members' predictions are computed once, not in each epoch of the stacker: they do not change.",
];
