import { commandName } from './command-name.ts';

/**
 * The config file that `chorus init` writes. Lines that begin with `// ` and a key are settings at their default or at a
 * usual value: removing the slashes applies them.
 */
export function configTemplate({
  file,
  preset,
  data,
}: {
  file: string;
  preset: string;
  data?: string | undefined;
}): string {
  const source = data === undefined ? "// source: 'photos'," : `source: ${quote(data)},`;
  return `import { defineConfig } from '@chorus/orchestration';

// Train with: ${commandName} train --config ${file.replaceAll(/[\r\n]/g, ' ')}
// Options of the command line take precedence over this file. All keys: experiment.schema.json of @chorus/orchestration
export default defineConfig({
  // The preset that provides every setting not set here: auto, article, full, cpu, mobile, scratch or demo.
  // auto chooses by data, weights and hardware; without data and weights it runs demo.
  preset: ${quote(preset)},

  // Name of the run folder and the bundle.
  // name: 'photos',

  data: {
    // A folder of images, as <split>/<class>/* or <class>/*; relative to where the command is typed.
    // Or 'shapes' (drawn), or 'cats-and-dogs' (downloaded once).
    ${source}
    // Use only the first images of each class, to try something out.
    // limitPerClass: 200,
    // Leave out the images that a file lists: one path per line, or a CSV table such as label-issues.csv of a run.
    // exclude: 'wrong.csv',
    // Let the decoder scale photographs of many megapixels: half the time, slightly different pixels.
    // shrinkOnLoad: true,
  },

  // The weights that training starts from: a folder of published weight files, 'imagenet' (downloaded once) or 'random'.
  // weights: 'imagenet',

  // Side in pixels of the square that every image is resized to. Larger is slower and often more accurate.
  // inputSize: 160,

  // The models of the ensemble, in place of the preset's.
  // members: [{ name: 'mobilenet-v2', backbone: 'mobilenet-v2' }, { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.75 }],

  // Shares of the images that end the training early, and that test the ensemble if the data has no test folder.
  // split: { tune: 0.1, test: 0.2 },

  recipe: {
    // Images per training step; lower it where memory is short.
    // batchSize: 32,
    // Random changes of the training images: none (where left and right matter, as in text), flip, light, medium or heavy.
    // augmentation: 'flip',
    // Classes of unequal size: none, class-weights, balanced-sampling, focal or logit-adjustment; auto decides by the counts.
    // imbalance: 'auto',
    // The last layers train at a low rate after the head has; 0 trains the head alone, which is fast.
    // fineTune: { lastLayers: 30, epochCount: 6, learningRate: 1e-5 },
  },

  // Where the stackers learn from: a share of the images (fast), or every image, by training each member once per fold.
  // stacking: { kind: 'holdout', fraction: 0.1 },
  // stacking: { kind: 'kfold', folds: 5 },

  // The stackers to compare; the one with the lowest out-of-fold log loss is chosen.
  // stackers: { kinds: ['mean', 'weighted', 'greedy', 'logistic'] },

  // How the ensemble's probabilities are calibrated: none, temperature or vector; auto decides by log loss.
  // calibration: 'auto',

  // Limits of the ensemble: members that hardly lower the log loss for their cost are dropped.
  // maxMembers: 2,
  // maxMegabytes: 40,
  // The run fails if fewer members finish their training.
  // minMembers: 2,

  // One small model that learns from the ensemble, such as for a browser. It needs predictions for all training images.
  // stacking: { kind: 'kfold' }, student: { backbone: 'mobilenet-v2' },

  // Predict each image and its mirror image: twice the time, a lower error.
  // testTimeAugmentation: true,

  // One lane per device; auto takes every GPU, or what is fastest on this CPU.
  // workers: [{ device: 'cpu:0' }],
  // How TensorFlow runs, such as the number format of training steps: auto, float32 or bfloat16.
  // runtime: { precision: 'auto' },

  // Wall time of the whole run, in seconds: it chooses members, input sizes and epochs that fit, as train --time 10m does.
  // timeBudgetSeconds: 600,

  // Minutes between two checkpoints of a training, from which train --resume continues after a crash.
  // checkpointMinutes: 2,

  // Seconds without progress after which a hung training is started again; 0: never.
  // watchdogSeconds: 60,

  // Another seed splits, shuffles and initializes differently.
  // seed: 1,

  // Flaws of the published procedure, to reproduce it; all are off.
  // flaws: { rawBgr: false },
});
`;
}

// --- internal ---

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
