/**
 * Trains from your own backbone weights: `node train.mjs BUNDLE FOLDER`. Here, they come from the members of an earlier run; files that
 * Keras wrote work in the same way.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBundle, train } from '@chorus/orchestration';
import { backboneFile } from './write-weights.mjs';

const [bundle = '../train-from-script/run/bundle', folder = 'run'] = process.argv.slice(2);
const { members } = await readBundle(bundle);

// Files are found by their names in keras-applications.
const fileNames = { wide: 'mobilenet_5_0_160_tf_no_top.h5', slim: 'mobilenet_2_5_128_tf_no_top.h5' };
const weights = join(folder, 'weights');
await mkdir(weights, { recursive: true });
for (const { name, models } of members) await writeFile(join(weights, fileNames[name]), await backboneFile(models[0]));

const { report } = await train(
  {
    data: { source: 'shapes', limitPerClass: 40 },
    weights,
    inputSize: 32,
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    recipe: { head: { epochCount: 2 }, fineTune: { lastLayers: 10, epochCount: 1 } },
  },
  { out: join(folder, 'trained') },
);
for (const { name, weights: initial, test } of report.members)
  console.log(`${name}: ${test?.correct} of ${test?.count} correct, from ${initial.source}`);
