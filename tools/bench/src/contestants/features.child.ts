/** `chorus features` as a contestant: each step also reads the weights and builds the model. */
import { extractFeatures } from '@chorus/orchestration';
import type { FeaturesTask } from './features-task.ts';
import { repeated, serve, warmed } from './serve.ts';

await serve(async ({ paths, inputSize, weights }: FeaturesTask & { weights: string }) => {
  const run = repeated(async () => {
    await extractFeatures(paths, { backbone: 'mobilenet-v2', weights, inputSize, device: 'cpu:0' });
  });
  return {
    prepared: { versions: { node: process.versions.node }, stepSeconds: await warmed(run) },
    run,
  };
});
