import { scoreProbabilities } from '@chorus/evaluation';
import { fitStacker, logitStackerKinds } from '@chorus/models';
import { StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { fitAndChoose, stackerFoldCount } from './choose.ts';

const classes = ['a', 'b', 'c'];
const labels = Int32Array.from({ length: 60 }, (_, row) => row % 3);
/** Each member prefers the true class in most rows, and another class in the others. */
const logits = [5, 7].map((period) =>
  Float32Array.from({ length: 180 }, (_, index) => {
    const row = Math.floor(index / 3);
    const preferred = row % period === 0 ? (labels[row]! + 1) % 3 : labels[row]!;
    return index % 3 === preferred ? 2 : 0;
  }),
);
const options = { kinds: logitStackerKinds, classes, seed: 3, onProgress() {} };
/** A fit that ends only on request. */
const endless = { epochCount: 1e9, patience: null, wholeBatchesOnly: false };

describe('fitAndChoose', () => {
  it('gives the same stackers as fits in the calling thread', async () => {
    const { stackers } = await fitAndChoose(logits, labels, { ...options, stop: new StopFlag() });
    expect(stackers.map(({ kind }) => kind)).toEqual(logitStackerKinds);
    for (const { kind, stacker } of stackers)
      expect(stacker.toJSON()).toEqual(fitStacker(kind, logits, labels, { classCount: 3, seed: 3 }).toJSON());
  });

  it('returns the cross-validated probabilities of the chosen stacker', async () => {
    const { stackers, chosen, chosenOutOfFold } = await fitAndChoose(logits, labels, {
      ...options,
      stop: new StopFlag(),
    });
    const { accuracy, logLoss } = scoreProbabilities(chosenOutOfFold, labels, classes);
    expect({ accuracy, logLoss }).toEqual(stackers.find(({ kind }) => kind === chosen)!.outOfFold);
  });

  it('reports each fit: for each kind, one on all images and one per fold', async () => {
    const fitCount = logitStackerKinds.length * (1 + stackerFoldCount);
    const reported: [number, number][] = [];
    const onProgress = (...progress: [number, number]) => reported.push(progress);
    await fitAndChoose(logits, labels, { ...options, stop: new StopFlag(), onProgress });
    expect(reported).toEqual(Array.from({ length: fitCount }, (_, index) => [index + 1, fitCount]));
  });

  it('stops an endless fit', async () => {
    const stop = new StopFlag();
    const raise = () => stop.raise();
    const choice = fitAndChoose(logits, labels, { ...options, options: { dense: endless }, stop, onProgress: raise });
    await expect(choice).rejects.toThrow(StoppedError);
  });

  it('does not block the calling thread', async () => {
    const stop = new StopFlag();
    const choice = fitAndChoose(logits, labels, { ...options, kinds: ['dense'], options: { dense: endless }, stop });
    // If the fit ran in the calling thread, the timer would never fire.
    setTimeout(() => stop.raise(), 1);
    await expect(choice).rejects.toThrow(StoppedError);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a logit of %d', async (broken) => {
    const spoiled = [logits[0]!, Float32Array.from(logits[1]!).fill(broken, 4, 5)];
    await expect(fitAndChoose(spoiled, labels, { ...options, stop: new StopFlag() })).rejects.toThrow(/finite/);
  });
});
