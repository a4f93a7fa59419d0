/**
 * The experiment file that `chorus init` writes. Lines that begin with `// ` and a key are settings with their default or a
 * typical value; removing the slashes applies them.
 */
export function configTemplate({ preset, data }: { preset: string; data?: string | undefined }): string {
  const source = data === undefined ? "// source: 'photos'," : `source: ${quote(data)},`;
  return `import { defineConfig } from '@chorus/orchestration';

// Train with: pnpm chorus train --config chorus.config.ts
// Options of the command line take precedence over this file. All keys: packages/orchestration/experiment.schema.json
export default defineConfig({
  // The preset for all settings that are not set here: auto, article, full, cpu, mobile or demo.
  // auto chooses one for the images, the weights and the hardware; without images, it runs the demonstration.
  preset: ${quote(preset)},

  data: {
    // A folder of images, as <split>/<class>/* or <class>/*, relative to the folder in which the command is typed.
    // Or 'shapes' (drawn), or 'cats-and-dogs' (downloaded once).
    ${source}
    // Use only the first images of each class, for a quick trial.
    // limitPerClass: 200,
  },

  // The weights that training starts from: a folder of keras-applications .h5 files, 'imagenet' (downloaded once) or 'random'.
  // weights: 'imagenet',

  // Side in pixels of the square that every image is resized to. Larger images are slower and often more accurate.
  // inputSize: 160,

  // The models of the ensemble, instead of the preset's.
  // members: [{ name: 'mobilenet-v2', backbone: 'mobilenet-v2' }, { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.75 }],

  recipe: {
    // Images per training step; lower it to save memory.
    // batchSize: 32,
    // Flip training images horizontally at random; turn it off if left and right differ in meaning, as in text.
    // flip: true,
    // After the head, train the last layers at a low learning rate; 0 trains only the head, which is fast.
    // fineTune: { lastLayers: 30, epochCount: 6, learningRate: 1e-5 },
  },

  // The training images of the stackers: a share of the images (fast), or all images, by training each member once per fold.
  // stacking: { kind: 'holdout', fraction: 0.1 },
  // stacking: { kind: 'kfold', folds: 5 },

  // One lane per device; auto uses every GPU or, without a GPU, several CPU lanes.
  // workers: [{ device: 'cpu:0' }],

  // The seed determines the split, the order of the images and random weights.
  // seed: 1,
});
`;
}

// --- internal ---

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
