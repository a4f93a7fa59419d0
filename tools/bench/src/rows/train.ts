import type { Goal } from '../comparison.ts';
import { keras, kerasInBfloat16, pytorch } from '../contestants/peers.ts';
import type { Row } from '../row.ts';
import { type ComparedBackbone, chosenCases, type ModelCase, modelCase, taskOf } from './model-case.ts';

const cases: readonly ModelCase[] = [
  { backbone: 'mobilenet-v2', batchSize: 32, inputSize: 224 },
  { backbone: 'mobilenet-v2', batchSize: 8, inputSize: 224 },
  { backbone: 'inception-v3', batchSize: 32, inputSize: 224 },
  { backbone: 'inception-v3', batchSize: 8, inputSize: 224 },
  { backbone: 'inception-v3', batchSize: 8, inputSize: 299 },
  { backbone: 'xception', batchSize: 32, inputSize: 224 },
  { backbone: 'xception', batchSize: 8, inputSize: 224 },
  { backbone: 'xception', batchSize: 8, inputSize: 299 },
];

/** Goals for the comparison with Keras. */
const speedGoals: Readonly<Record<ComparedBackbone, readonly Goal[]>> = {
  'mobilenet-v2': [{ bound: 'at least', ratio: 1.5 }],
  'inception-v3': [{ bound: 'at least', ratio: 1.5 }],
  xception: [
    { bound: 'at least', ratio: 1.2 },
    { bound: 'at least', ratio: 1.5, stretch: true },
  ],
};

export const train: Row = {
  name: 'train',
  title: 'a training step: all layers, BatchNorm by batch, Adam, binary cross-entropy of one logit',
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 100, quick: 2 },
  async *measure(options) {
    const python = await options.python();
    for (const one of chosenCases(cases, options)) {
      const task = taskOf('train', one);
      const ways = keras(python, task);
      const peers = [
        {
          name: 'Keras',
          ways: options.quick ? ways.slice(0, 1) : ways,
          goals: { speed: speedGoals[one.backbone], memory: [{ bound: 'at most', ratio: 1 }] as const },
        },
        {
          name: 'PyTorch',
          ways: [pytorch(python, task)],
          goals: { speed: [{ bound: 'at least', ratio: 1 }] as const, memory: [] },
        },
      ];
      const shown = [
        kerasInBfloat16(python, task),
        pytorch(python, task, { precision: 'bfloat16' }),
        pytorch(python, task, { compile: true }),
      ].map((way) => ({ name: way.name, ways: [way], goals: { speed: [] } }));
      yield* modelCase(task, options.quick ? peers : [...peers, ...shown], options);
    }
  },
};
