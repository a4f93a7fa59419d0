/** Compares greedy soups with NumPy: `tools/golden/recipes.json`, written by `tools/golden/recipes.py`. */
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import recipes from '../../../../tools/golden/recipes.json' with { type: 'json' };
import { takeSnapshot } from '../classifier/weight-snapshot.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { crossEntropy } from './cross-entropy.ts';
import { BestEpochs, greedySoup } from './greedy-soup.ts';

const { soup: golden } = recipes;

beforeAll(useNativeBackend);

it('chooses the epochs of NumPy, with its losses and the mean of their weights', async () => {
  const before = tf.memory().numTensors;
  const width = golden.inputs[0]!.length;
  const variable = tf.tidy(() => tf.variable(tf.zeros([width + 1, golden.epochs[0]![0]!.length])));
  const [inputs, labels] = [tf.tensor2d(golden.inputs), tf.tensor1d(golden.labels, 'int32')];
  const loss = () =>
    tf.tidy(() => {
      const withOnes = tf.concat([inputs, tf.ones([inputs.shape[0], 1])], 1);
      return crossEntropy(
        tf.matMul(withOnes as tf.Tensor2D, variable as tf.Tensor as tf.Tensor2D),
        labels,
      ).dataSync()[0]!;
    });
  const best = new BestEpochs<ReturnType<typeof takeSnapshot>>(golden.epochs.length);
  const losses: number[] = [];
  for (const [epochIndex, weights] of golden.epochs.entries()) {
    tf.tidy(() => variable.assign(tf.tensor2d(weights)));
    losses.push(loss());
    best.offer(epochIndex, losses.at(-1)!, () => takeSnapshot([variable]));
  }
  expect(largestDifference(losses, golden.losses)).toBeLessThan(1e-6);
  const use = ([first, ...others]: readonly ReturnType<typeof takeSnapshot>[]) => first!.restoreMeanWith(others);
  const soup = await greedySoup(best.sorted, async (weights) => {
    use(weights);
    return loss();
  });
  expect(soup.epochs.map(({ epochIndex }) => epochIndex)).toEqual(golden.chosen);
  expect(Math.abs(soup.loss - golden.loss)).toBeLessThan(1e-6);
  use(soup.epochs.map(({ weights }) => weights));
  expect(largestDifference(variable.dataSync(), golden.mean.flat())).toBeLessThan(1e-6);
  best.dispose();
  tf.dispose([variable, inputs, labels]);
  expect(tf.memory().numTensors).toBe(before);
});

describe('BestEpochs', () => {
  const disposed: number[] = [];
  const take = (id: number) => () => ({ id, dispose: () => void disposed.push(id) });

  it('drops an epoch and later ones, and disposes them', () => {
    const best = new BestEpochs<{ id: number; dispose(): void }>(9);
    for (const [epochIndex, loss] of [
      [null, 5],
      [0, 4],
      [1, 1],
      [2, 3],
    ] as const)
      best.offer(epochIndex, loss, take(epochIndex ?? -1));
    best.dropFrom(1);
    expect(best.sorted.map(({ epochIndex }) => epochIndex)).toEqual([0, null]);
    expect(disposed.splice(0).toSorted()).toEqual([1, 2]);
    best.dispose();
    disposed.splice(0);
  });

  it('holds the best epochs, the earlier ones of equal loss, and disposes the others', () => {
    const best = new BestEpochs<{ id: number; dispose(): void }>(2);
    for (const [epoch, loss] of [3, 2, Number.NaN, 2, 2, 1].entries()) best.offer(epoch, loss, take(epoch));
    expect(best.sorted.map(({ epochIndex, loss }) => [epochIndex, loss])).toEqual([
      [5, 1],
      [1, 2],
    ]);
    expect(disposed.splice(0)).toEqual([0, 3]);
    best.dispose();
    expect(disposed.splice(0).toSorted()).toEqual([1, 5]);
    expect(best.sorted).toEqual([]);
  });

  it('never holds more copies than epochs, not even while it takes one', () => {
    let held = 0;
    let most = 0;
    const take = () => {
      held += 1;
      most = Math.max(most, held);
      return {
        dispose: () => {
          held -= 1;
        },
      };
    };
    const best = new BestEpochs<{ dispose(): void }>(2);
    for (const loss of [5, 4, 3, 2, 1]) best.offer(0, loss, take);
    best.dispose();
    expect({ held, most }).toEqual({ held: 0, most: 2 });
  });
});
