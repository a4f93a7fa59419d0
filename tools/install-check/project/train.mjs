import { predictFiles, train } from '@chorus/orchestration';
import { loadClassifier } from '@chorus/predictor';

const members = [
  { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'slim', backbone: 'mobilenet-v2', alpha: 0.35 },
];
const recipe = { whole: { epochCount: 1 } };
const data = { source: 'shapes', limitPerClass: 60 };
// Must be equal for all calls in one process.
const runtime = { logicalCpuDevices: 2, intraOpThreads: 1 };
const { folder } = await train({ name: 'project', inputSize: 32, data, weights: 'random', members, recipe, runtime });
console.log(await predictFiles(`${folder}/bundle`, process.argv.slice(2), { runtime }));

// Without the native libraries that the training has set up.
const classifier = await loadClassifier(`${folder}/bundle`, { backend: 'wasm' });
console.log(classifier.backend, await classifier.classify(process.argv[2], { top: 1 }));
await classifier.dispose();
