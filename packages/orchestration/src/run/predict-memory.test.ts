import { DataError } from '@chorus/data';
import { createClassifier, memberToBytes } from '@chorus/models';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PredictNeeds, requirePredictMemory } from './predict-memory.ts';

let needs: PredictNeeds;
beforeAll(() => {
  tf.enableProdMode();
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 224 } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 0 });
  const model = memberToBytes(classifier);
  classifier.dispose();
  needs = { models: [model, model], sizes: [224], laneCount: 2, chunkCount: 256 };
});

describe('memory for predicting', () => {
  it('is sufficient with 4 GB, but not with 0.5 GB, which is an error with both figures', () => {
    expect(() => requirePredictMemory(needs, 4e9)).not.toThrow();
    const refuse = () => requirePredictMemory(needs, 0.5e9);
    expect(refuse).toThrow(DataError);
    expect(refuse).toThrow(
      /^Predicting with 2 models on 2 lanes needs about \d\.\d GB of memory; this machine has 0\.5 GB\. Use/,
    );
  });

  it('grows with the number of lanes and the chunk', () => {
    const least = (changes: Partial<PredictNeeds>) => {
      let [low, high] = [0, 2 ** 40];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        try {
          requirePredictMemory({ ...needs, ...changes }, middle);
          high = middle;
        } catch {
          low = middle;
        }
      }
      return high;
    };
    expect(least({ laneCount: 1 })).toBeLessThan(least({}));
    expect(least({}) - least({ chunkCount: 156 })).toBe(2 * 100 * 224 * 224 * 3);
  });
});
