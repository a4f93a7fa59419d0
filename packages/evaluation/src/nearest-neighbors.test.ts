import { describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/nearest-neighbors.json' with { type: 'json' };
import { predictByNeighbors, predictByNeighborsWithPauses } from './nearest-neighbors.ts';

const wrongShare = (predicted: ArrayLike<number>, labels: readonly number[]) =>
  labels.filter((label, index) => predicted[index] !== label).length / labels.length;

describe('predictions by nearest neighbors', () => {
  it.each(golden.cases)("equal scikit-learn's: $name", ({ features, predicted, ...images }) => {
    const found = predictByNeighbors({ ...images, features: Float32Array.from(features) }, images);
    expect([...found]).toEqual(predicted);
    // The case tells predictions from labels.
    expect(wrongShare(predicted, images.labels)).toBeGreaterThan(0);
  });

  it('do not depend on the length of a row, and are the same with pauses', async () => {
    const { features, predicted, ...images } = golden.cases[0]!;
    const scaled = Float32Array.from(features, (value, index) => value * (1 + Math.floor(index / images.width)));
    expect([...predictByNeighbors({ ...images, features: scaled }, images)]).toEqual(predicted);
    let pauses = 0;
    const pause = async () => {
      pauses += 1;
    };
    expect([...(await predictByNeighborsWithPauses({ ...images, features: scaled }, images, pause))]).toEqual(
      predicted,
    );
    expect(pauses).toBeGreaterThan(1);
  });

  it('follow a copy of the image, and leave the image itself out', () => {
    const features = Float32Array.from([1, 0, 1, 0, 0.9, 0.1, 0.8, 0.1, 0, 1]);
    const options = { neighborCount: 3, classCount: 2 };
    const predicted = predictByNeighbors({ features, width: 2, labels: [1, 0, 1, 1, 0] }, options);
    // The first two are copies of each other with different labels.
    expect([...predicted].slice(0, 2)).toEqual([0, 1]);
  });

  it('accept fewer images than neighbors, and rows of zeros', () => {
    const features = Float32Array.from([0, 0, 1, 1, 1, 1]);
    const options = { neighborCount: 15, classCount: 2 };
    expect([...predictByNeighbors({ features, width: 2, labels: [0, 1, 1] }, options)]).toEqual([1, 1, 1]);
  });
});
