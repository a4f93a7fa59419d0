import { keras, onnxruntime, pytorch } from '../contestants/peers.ts';
import type { Row } from '../row.ts';
import { chosenCases, comparedBackbones, modelCase, taskOf } from './model-case.ts';

const atLeastAsFast = { speed: [{ bound: 'at least', ratio: 1 }] } as const;

export const predict: Row = {
  name: 'predict',
  title: 'a prediction of a batch, uint8 pixels in, one logit per image out, float32',
  roundCount: { whole: 5, quick: 2 },
  minutes: { whole: 15, quick: 1 },
  async *measure(options) {
    const python = await options.python();
    const cases = comparedBackbones.flatMap((backbone) =>
      [32, 1].map((batchSize) => ({ backbone, batchSize, inputSize: 224 })),
    );
    for (const one of chosenCases(cases, options)) {
      const task = taskOf('predict', one);
      const ways = keras(python, task);
      const peers = [
        { name: 'Keras', ways: options.quick ? ways.slice(0, 1) : ways, goals: atLeastAsFast },
        { name: 'PyTorch', ways: [pytorch(python, task)], goals: atLeastAsFast },
        {
          name: 'onnxruntime',
          ways: [await onnxruntime(python, task, options.folder)],
          // A single image costs Chorus some tenths of a millisecond in JavaScript.
          goals: { speed: [{ bound: 'at least' as const, ratio: one.batchSize === 1 ? 0.9 : 1 }] },
        },
      ];
      yield* modelCase(task, peers, options);
    }
  },
};
