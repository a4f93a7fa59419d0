/** Three members on three devices at once: `node train.mjs FOLDER`. With GPUs, write gpu:0, gpu:1 and gpu:2. */
import { train } from '@chorus/orchestration';

const { report } = await train(
  {
    data: { source: 'shapes', limitPerClass: 40 },
    weights: 'random',
    inputSize: 32,
    workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }, { device: 'cpu:2' }],
    members: [
      { name: 'first', backbone: 'mobilenet', alpha: 0.5, worker: 0 },
      { name: 'second', backbone: 'mobilenet', alpha: 0.25, worker: 1 },
      { name: 'third', backbone: 'mobilenet-v2', alpha: 0.35, worker: 2 },
    ],
    recipe: { whole: { epochCount: 1 } },
  },
  { out: process.argv[2] ?? 'run' },
);
for (const { name, trainings } of report.members) console.log(`${name} was trained on ${trainings[0].device}`);
