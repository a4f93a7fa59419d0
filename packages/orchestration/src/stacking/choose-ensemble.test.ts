import { balancedRowWeights } from '@chorus/models';
import { StopFlag } from '@chorus/training';
import { expect, it } from 'vitest';
import { fitAndChoose } from './choose.ts';
import { chooseEnsemble } from './choose-ensemble.ts';

/** One image in six is of class 1. */
const labels = Int32Array.from({ length: 60 }, (_, row) => Number(row % 6 === 0));
/** Each member is wrong about some images of class 1, and about some others. */
const logits = [4, 5, 7].map((period) =>
  Float32Array.from(labels, (label, row) => (row % period === 0 ? -1 : 2) * (label === 1 ? 1 : -1)),
);
const members = logits.map((_, index) => ({ name: `m${index}`, bytes: 1, work: 1 }));

it.each([false, true])(
  'measures losses before and after pruning in the same way, balanced or not: %s',
  async (balancesClasses) => {
    const fit = (some: readonly number[]) =>
      fitAndChoose(
        some.map((index) => logits[index]!),
        labels,
        { kinds: ['mean'], classes: ['a', 'b'], seed: 1, balancesClasses, stop: new StopFlag(), onProgress() {} },
      );
    const weights = balancesClasses ? balancedRowWeights(labels) : undefined;
    const { pruning, kept } = await chooseEnsemble(members, labels, { minMembers: 2, maxMembers: 2 }, fit, weights);
    expect(kept).toHaveLength(2);
    // The stacker is the mean that the members are selected by.
    const { meanLogLoss, stackerLogLoss } = pruning!;
    expect(stackerLogLoss.all).toBeCloseTo(meanLogLoss.all, 6);
    expect(stackerLogLoss.kept).toBeCloseTo(meanLogLoss.kept, 6);
  },
);
