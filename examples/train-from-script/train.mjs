/** Trains an ensemble: `node train.mjs FOLDER`, where FOLDER is the new run folder. */
import { train } from '@chorus/orchestration';

const { report, folder } = await train(
  {
    name: 'example',
    // Your own images: { source: 'photos' }, and weights: 'imagenet'.
    data: { source: 'shapes', limitPerClass: 40 },
    weights: 'random',
    inputSize: 32,
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    recipe: { whole: { epochCount: 2 } },
  },
  {
    out: process.argv[2] ?? 'run',
    observer: {
      onEpoch: ({ member, epochIndex, loss }) =>
        console.log(`${member}: epoch ${epochIndex + 1}, loss ${loss.toFixed(3)}`),
    },
  },
);
for (const { name, test } of report.members) console.log(`${name}: ${test?.correct} of ${test?.count} correct`);
for (const { kind, chosen, test } of report.stackers)
  console.log(`${kind}: ${test.correct} of ${test.count} correct${chosen ? ' (chosen)' : ''}`);
console.log(`bundle: ${folder}/bundle`);
