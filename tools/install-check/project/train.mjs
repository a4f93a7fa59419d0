import { predictFiles, train } from '@chorus/orchestration';

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
