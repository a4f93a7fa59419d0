import { balancedLogLoss, scoreProbabilities } from '@chorus/evaluation';
import { fitStacker, type LossCurve, logitStackerKinds } from '@chorus/models';
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
  it('gives the same stackers and learning curves as fits in the calling thread', async () => {
    const { stackers } = await fitAndChoose(logits, labels, { ...options, stop: new StopFlag() });
    expect(stackers.map(({ kind }) => kind)).toEqual(logitStackerKinds);
    for (const { kind, stacker, curve } of stackers) {
      let expected: LossCurve | undefined;
      const onCurve = (found: LossCurve) => {
        expected = found;
      };
      const fitted = fitStacker(kind, logits, labels, { classCount: 3, seed: 3, onCurve });
      expect(stacker.toJSON()).toEqual(fitted.toJSON());
      expect(curve).toEqual(expected);
    }
    expect(stackers.filter(({ curve }) => curve !== undefined).map(({ kind }) => kind)).toEqual(['dense']);
  });

  it('returns the cross-validated probabilities of the chosen stacker', async () => {
    const { stackers, chosen, chosenOutOfFold } = await fitAndChoose(logits, labels, {
      ...options,
      stop: new StopFlag(),
    });
    const { accuracy, logLoss } = scoreProbabilities(chosenOutOfFold, labels, classes);
    expect({ accuracy, logLoss }).toEqual(stackers.find(({ kind }) => kind === chosen)!.outOfFold);
  });

  it('notes a stacker that has not converged, and only that one', async () => {
    const uneven = [0, 1, 2, 3, 4].map((member) =>
      Float32Array.from({ length: 180 }, (_, index) => {
        const isTrue = labels[Math.floor(index / 3)] === index % 3;
        return 8608 * 10 ** -member * (Number(isTrue) + 1.5 * Math.sin(7919 * (index + 1000 * member)));
      }),
    );
    const kinds = ['mean', 'logistic'] as const;
    const { notes } = await fitAndChoose(uneven, labels, { ...options, kinds, stop: new StopFlag() });
    expect(notes).toEqual([
      'the fit of the stacker "logistic" has not converged; it uses the best coefficients that were found',
    ]);
  });

  it('fits and chooses by losses in which every class counts equally, on request', async () => {
    // Class c has 4 images of 44. In each of them, the first member is wrong, but it is better than the second one elsewhere.
    const rows = [...labels.keys()].filter((row) => labels[row] !== 2 || row % 15 === 2);
    const own = Int32Array.from(rows, (row) => labels[row]!);
    const some = [4, 1].map((strength, member) =>
      Float32Array.from(own, (label) => (member === 0 && label === 2 ? 0 : label)).reduce(
        (all, label, row) => {
          all[3 * row + label] = strength;
          return all;
        },
        new Float32Array(3 * own.length),
      ),
    );
    const choose = (balancesClasses: boolean) =>
      fitAndChoose(some, own, { ...options, balancesClasses, stop: new StopFlag() });
    const [balanced, plain] = [await choose(true), await choose(false)];
    expect(plain.members.map(({ balancedLogLoss }) => balancedLogLoss)).toEqual([undefined, undefined]);
    expect([plain.bestMember, balanced.bestMember]).toEqual([0, 1]);
    for (const { kind, stacker, outOfFold } of balanced.stackers) {
      const context = { classCount: 3, seed: 3, balancesClasses: true };
      expect(stacker.toJSON()).toEqual(fitStacker(kind, some, own, context).toJSON());
      expect(outOfFold.balancedLogLoss).toBeGreaterThan(0);
    }
    const lowest = Math.min(...balanced.stackers.map(({ outOfFold }) => outOfFold.balancedLogLoss!));
    const chosen = balanced.stackers.find(({ kind }) => kind === balanced.chosen)!;
    expect(chosen.outOfFold.balancedLogLoss).toBe(lowest);
    expect(await balancedLogLoss(balanced.chosenOutOfFold, own, 3)).toBe(lowest);
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
