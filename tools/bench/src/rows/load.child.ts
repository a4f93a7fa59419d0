/** One turn of the row `load`, in a separate process: `node load.child.js BACKBONE FILE`; prints its seconds as JSON. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type BackboneSpec, createClassifier, loadBackboneWeights } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';

const [words, path] = process.argv.slice(2) as [string, string];
const backbone: BackboneSpec = JSON.parse(words);
initRuntime({ device: 'cpu:0', intraOpThreads: availableParallelism() });
// TensorFlow starts with its first op.
tf.tidy(() => tf.zeros([1]).dataSync());

const seconds: Record<string, number> = {};
let since = performance.now();
function ended(step: string): void {
  seconds[step] = (performance.now() - since) / 1000;
  since = performance.now();
}

const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 0, initializes: 'head' });
ended('build');
const bytes = await readFile(path);
ended('read file');
await loadBackboneWeights(classifier, { name: path, bytes });
ended('load');
const image = tf.zeros<tf.Rank.R4>([1, backbone.inputSize, backbone.inputSize, 3]);
classifier.logits(image).dataSync();
ended('first prediction');
process.stdout.write(JSON.stringify(seconds));
