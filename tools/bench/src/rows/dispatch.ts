import { keras, pytorch } from '../contestants/peers.ts';
import type { Row } from '../row.ts';
import { modelCase, taskOf } from './model-case.ts';

/** InceptionV3 and Xception do not support such a small input. */
const smallest = { backbone: 'mobilenet-v2', batchSize: 2, inputSize: 32 } as const;

export const dispatch: Row = {
  name: 'dispatch',
  title: 'a training step with almost no arithmetic: the overhead during which a GPU would be idle',
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 3, quick: 1 },
  async *measure(options) {
    const python = await options.python();
    const task = taskOf('train', smallest);
    const ways = keras(python, task);
    yield* modelCase(
      task,
      [
        {
          name: 'Keras',
          ways: options.quick ? ways.slice(0, 1) : ways,
          goals: {
            time: [
              { bound: 'at most', ratio: 0.8 },
              { bound: 'at most', ratio: 0.5, stretch: true },
            ],
          },
        },
        {
          name: 'PyTorch',
          ways: [pytorch(python, task)],
          goals: { time: [{ bound: 'at most', ratio: 1, stretch: true }] },
        },
      ],
      options,
    );
  },
};
