import { defineConfig } from '@chorus/orchestration';

export default defineConfig({
  name: 'example',
  data: { source: 'shapes', limitPerClass: 40 },
  weights: 'random',
  inputSize: 32,
  members: [
    { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.25 },
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.35 },
  ],
  recipe: { batchSize: 16, augmentation: 'flip', whole: { epochCount: 2, learningRate: 1e-3 } },
  stacking: { kind: 'kfold', folds: 2, members: 'average' },
});
