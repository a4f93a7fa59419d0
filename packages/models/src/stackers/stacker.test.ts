import fc from 'fast-check';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { generatorFor } from '../random/generator-for.ts';
import type { LossCurve } from './definition.ts';
import { type DenseFitOptions, denseFitDefaults } from './dense.ts';
import { selectMembers } from './greedy.ts';
import { fitLogistic } from './logistic.ts';
import { toProbabilities } from './probabilities.ts';
import { balancedRowWeights } from './row-weights.ts';
import { fitStacker, minimumStackerRows, stackerFromJson } from './stacker.ts';
import { logitStackerKinds, type StackerKind, stackerOptionSchemas } from './table.ts';

interface OutOfFold {
  logits: Float32Array[];
  labels: number[];
}

/** Outputs of members of different accuracy: `skill` times the truth, plus noise. */
function outOfFold(rowCount: number, classCount: number, skills: readonly number[], seed = 1): OutOfFold {
  const random = generatorFor(seed, 'held out');
  // The sum of four uniform draws is nearly normal.
  const noise = () => [0, 0, 0, 0].reduce((sum) => sum + uniformFloat32(random) - 0.5, 0) * Math.sqrt(3);
  const labels = Array.from({ length: rowCount }, (_, row) => row % classCount);
  const outputs = classCount === 2 ? 1 : classCount;
  const logits = skills.map((skill) =>
    Float32Array.from({ length: rowCount * outputs }, (_, index) => {
      const label = labels[Math.floor(index / outputs)]!;
      const truth = classCount === 2 ? 2 * label - 1 : Number(index % outputs === label);
      return skill * truth + noise();
    }),
  );
  return { logits, labels };
}

function logLoss(probabilities: Float32Array, labels: readonly number[], classCount: number): number {
  return (
    labels.reduce((sum, label, row) => sum - Math.log(probabilities[row * classCount + label]!), 0) / labels.length
  );
}

function fit(kind: StackerKind, { logits, labels }: OutOfFold, classCount: number, seed = 3) {
  return fitStacker(kind, logits, labels, { classCount, seed });
}

describe('toProbabilities', () => {
  it('is the sigmoid of the second class’s logit for two classes', () => {
    const [a, b] = toProbabilities(Float32Array.of(Math.log(3)), 2);
    expect(largestDifference([a!, b!], [0.25, 0.75])).toBeLessThan(1e-6);
  });

  it('is the softmax of several logits of any size', () => {
    const found = toProbabilities(Float32Array.of(0, Math.log(3), 0, 1e4, 1e4, -1e4), 3);
    expect(largestDifference(found, [0.2, 0.6, 0.2, 0.5, 0.5, 0])).toBeLessThan(1e-6);
  });
});

describe.each(logitStackerKinds)('%s', (kind) => {
  it.each([2, 4])('predicts rows that sum to 1, with %i classes', (classCount) => {
    const data = outOfFold(60, classCount, [1, 2, 1]);
    const probabilities = fit(kind, data, classCount).predict(data.logits);
    expect(probabilities).toHaveLength(60 * classCount);
    for (let row = 0; row < 60; row += 1) {
      const sum = probabilities.subarray(row * classCount, (row + 1) * classCount).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it.each([2, 4])('is better than chance on new rows, with %i classes', (classCount) => {
    const stacker = fit(kind, outOfFold(300, classCount, [2, 3, 1]), classCount);
    const unseen = outOfFold(400, classCount, [2, 3, 1], 2);
    expect(logLoss(stacker.predict(unseen.logits), unseen.labels, classCount)).toBeLessThan(0.8 * Math.log(classCount));
  });

  it('depends only on its data and seed', () => {
    const data = outOfFold(100, 3, [1, 2]);
    const predict = () => fit(kind, data, 3).predict(data.logits);
    expect(predict()).toEqual(predict());
  });

  it('survives a round trip through JSON', () => {
    const data = outOfFold(50, 3, [1, 2]);
    const stacker = fit(kind, data, 3);
    const again = stackerFromJson(JSON.parse(JSON.stringify(stacker)));
    expect(again.kind).toBe(kind);
    expect(again.predict(data.logits)).toEqual(stacker.predict(data.logits));
    expect(again.toJSON()).toEqual(stacker.toJSON());
  });

  it.each([
    [
      'members of different length',
      ({ logits }: OutOfFold) => [logits[0]!, logits[1]!.subarray(3)],
      /received 147 from member 1 and 150/,
    ],
    ['half an image', ({ logits }: OutOfFold) => logits.map((one) => one.subarray(1)), /3 logits per image/],
    ['one member fewer', ({ logits }: OutOfFold) => logits.slice(1), /outputs of 2 members, received those of 1/],
    ['no members', () => [], /received those of 0/],
    [
      'NaN logits',
      ({ logits }: OutOfFold) => [logits[0]!, logits[1]!.map((one, index) => (index === 7 ? Number.NaN : one))],
      /NaN from member 1 at index 7/,
    ],
  ])('rejects %s', (_, change, message) => {
    const data = outOfFold(50, 3, [1, 2]);
    const predict = () => fit(kind, data, 3).predict(change(data));
    expect(predict).toThrow(ModelError);
    expect(predict).toThrow(message);
  });

  it.each([
    [[0, 1], /a label for each of 50 images, received 2/],
    [Array.from({ length: 50 }, () => 3), /labels from 0 to 2, received 3 at index 0/],
    [Array.from({ length: 50 }, () => 0.5), /received 0.5/],
  ])('rejects the labels %#', (labels, message) => {
    expect(() => fit(kind, { ...outOfFold(50, 3, [1, 2]), labels }, 3)).toThrow(message);
  });
});

describe('mean', () => {
  it('is the mean of probabilities, not of logits', () => {
    const logits = [Float32Array.of(Math.log(3)), Float32Array.of(Math.log(1 / 9))];
    const found = fit('mean', { logits, labels: [1] }, 2).predict(logits);
    expect(largestDifference(found, [1 - 0.425, 0.425])).toBeLessThan(1e-6);
  });
});

/** The loss of a weighted mean of probabilities, by the definition. */
function weightedLoss({ logits, labels }: OutOfFold, classCount: number, weights: readonly number[]): number {
  const probabilities = logits.map((one) => toProbabilities(one, classCount));
  const mean = probabilities[0]!.map((_, index) =>
    probabilities.reduce((sum, one, member) => sum + weights[member]! * one[index]!, 0),
  );
  return logLoss(mean, labels, classCount);
}

const weightsOf = (stacker: { toJSON(): object }) => (stacker.toJSON() as { weights: number[] }).weights;

describe.each(['weighted', 'greedy'] as const)('%s', (kind) => {
  it('has weights that are not negative and sum to 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 1, maxLength: 5 }),
        (rowCount, skills) => {
          const weights = weightsOf(fit(kind, outOfFold(rowCount, 3, skills), 3));
          expect(weights).toHaveLength(skills.length);
          expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([2, 4])('has hardly any loss more than the best weights on a grid, with %i classes', (classCount) => {
    const data = outOfFold(2000, classCount, [2, 3, 0.5]);
    const grid = Array.from({ length: 21 }, (_, a) =>
      Array.from({ length: 21 - a }, (_, b) => [a / 20, b / 20, (20 - a - b) / 20]),
    ).flat();
    const best = Math.min(...grid.map((weights) => weightedLoss(data, classCount, weights)));
    expect(weightedLoss(data, classCount, weightsOf(fit(kind, data, classCount)))).toBeLessThan(best + 4e-3);
  });

  it('gives everything to a member that is always right among members that are always wrong', () => {
    const labels = Array.from({ length: 400 }, (_, row) => row % 2);
    const right = Float32Array.from(labels, (label) => 6 * (2 * label - 1));
    const wrong = right.map((logit) => -logit);
    const stacker = fit(kind, { logits: [right, wrong, wrong], labels }, 2);
    const [first, ...others] = weightsOf(stacker);
    expect(first).toBeGreaterThan(0.97);
    // No rounding error lifts its weight above 1, which the state of a bundle may not have.
    expect(stackerFromJson(stacker.toJSON()).toJSON()).toEqual(stacker.toJSON());
    expect(Math.max(...others)).toBeLessThan(0.02);
  });

  it('survives a round trip through JSON if one member gets everything', () => {
    const labels = Array.from({ length: 40 }, (_, row) => row % 2);
    const right = Float32Array.from(labels, (label) => 50 * (2 * label - 1));
    const logits = [right, right.map((logit) => -logit)];
    const stacker = fit(kind, { logits, labels }, 2);
    const again = stackerFromJson(JSON.parse(JSON.stringify(stacker)));
    expect(again.predict(logits)).toEqual(stacker.predict(logits));
  });

  it.each([
    ['a negative weight', [1.5, -0.5]],
    ['a sum other than 1', [0.5, 0.4]],
    ['a weight too few', [1]],
  ])('refuses a state with %s', (_, weights) => {
    expect(() => stackerFromJson({ kind, memberCount: 2, classCount: 2, weights })).toThrow(/^Invalid stacker: /);
  });
});

it('selects members greedily, as often as that lowers the loss', () => {
  // The first has the lowest loss alone; the second is better where the first is worst.
  const first = Float64Array.of(0.9, 0.9, 0.9, 0.3);
  const second = Float64Array.of(0.5, 0.5, 0.5, 0.9);
  const third = Float64Array.of(0.1, 0.1, 0.1, 0.1);
  const loss = (share: number) =>
    first.reduce((sum, one, row) => sum - Math.log(share * one + (1 - share) * second[row]!), 0);
  const [a, b, c] = selectMembers([first, second, third]) as [number, number, number];
  expect(c).toBe(0);
  const grid = Array.from({ length: 101 }, (_, percent) => loss(percent / 100));
  expect(loss(a / (a + b))).toBeLessThan(Math.min(...grid) + 1e-3);
  expect(selectMembers([third, first])).toEqual([0, 1]);
});

describe('logistic', () => {
  it.each([1e2, 5e3, 1e5, 1e30])(
    'is fitted on random logits up to %d, as a nearly diverged training leaves them',
    (scale) => {
      for (const classCount of [2, 5]) {
        const random = generatorFor(1, `${scale}`);
        const outputs = classCount === 2 ? 1 : classCount;
        for (let repetition = 0; repetition < 20; repetition += 1) {
          const rowCount = 8 + repetition;
          const draw = () =>
            Float32Array.from({ length: rowCount * outputs }, () => scale * (2 * uniformFloat32(random) - 1));
          const logits = [draw(), draw()];
          const labels = Array.from({ length: rowCount }, (_, row) => row % classCount);
          const fitted = fit('logistic', { logits, labels }, classCount);
          const loss = (probabilities: Float32Array) =>
            logLoss(
              probabilities.map((one) => Math.max(one, 1e-7)),
              labels,
              classCount,
            );
          const mean = toProbabilities(
            logits[0]!.map((one, index) => (one + logits[1]![index]!) / 2),
            classCount,
          );
          expect(loss(fitted.predict(logits))).toBeLessThanOrEqual(loss(mean) + 1e-6);
        }
      }
    },
  );

  it('weighs members by their accuracy', () => {
    const skills = [3, 0];
    const stacker = fit('logistic', outOfFold(600, 2, skills), 2);
    const { coefficients } = stacker.toJSON() as { coefficients: number[] };
    expect(coefficients[0]).toBeGreaterThan(1);
    expect(Math.abs(coefficients[1]!)).toBeLessThan(0.5);
    const unseen = outOfFold(600, 2, skills, 2);
    const mean = fit('mean', unseen, 2).predict(unseen.logits);
    expect(logLoss(stacker.predict(unseen.logits), unseen.labels, 2)).toBeLessThan(
      0.7 * logLoss(mean, unseen.labels, 2),
    );
  });

  it('stays close to the mean of the logits with little data', () => {
    const { coefficients } = fitLogistic([Float32Array.of(0.1, -0.1), Float32Array.of(-0.1, 0.1)], [0, 1], {
      classCount: 2,
    });
    expect(largestDifference(coefficients, [0.5, 0.5, 0])).toBeLessThan(0.03);
  });

  it('ends where the gradient is 0', () => {
    // One member, logits ±1, always right: w = 1 + 4 (1 − σ(w)) / 10 for four images against ten of the prior.
    const { coefficients } = fitLogistic([Float32Array.of(1, -1, 1, -1)], [1, 0, 1, 0], { classCount: 2 });
    const [weight, bias] = coefficients as [number, number];
    expect(weight).toBeCloseTo(1 + 0.4 / (1 + Math.exp(weight)), 6);
    expect(bias).toBeCloseTo(0, 6);
  });
});

describe('with balanced classes', () => {
  /** Twenty images of class 0 for each of class 1; the first member is better on class 0, the second one on class 1. */
  const imbalanced = (): OutOfFold => {
    const { logits, labels } = outOfFold(2400, 2, [0.8, 0.8], 5);
    const rows = labels.flatMap((label, row) => (label === 0 || row % 40 === 1 ? [row] : []));
    const shifts = [-1.5, 1.5];
    return {
      logits: logits.map((one, member) => Float32Array.from(rows, (row) => one[row]! + shifts[member]!)),
      labels: rows.map((row) => labels[row]!),
    };
  };
  const balancedLoss = (probabilities: Float32Array, labels: readonly number[]) => {
    const means = [0, 1].map((label) => {
      const rows = [...labels.keys()].filter((row) => labels[row] === label);
      return rows.reduce((sum, row) => sum - Math.log(probabilities[2 * row + label]!), 0) / rows.length;
    });
    return (means[0]! + means[1]!) / 2;
  };

  it.each(['weighted', 'greedy', 'dense', 'logistic'] as const)('%s lowers the balanced loss', (kind) => {
    const { logits, labels } = imbalanced();
    const lossOf = (balancesClasses: boolean) => {
      const stacker = fitStacker(kind, logits, labels, { classCount: 2, seed: 3, balancesClasses });
      return balancedLoss(stacker.predict(logits), labels);
    };
    expect(lossOf(true)).toBeLessThan(0.97 * lossOf(false));
  });

  it.each(logitStackerKinds)('%s of classes of equal size is the same', (kind) => {
    const { logits, labels } = outOfFold(64, 2, [1, 2]);
    const fitted = [true, false].map((balancesClasses) =>
      fitStacker(kind, logits, labels, { classCount: 2, seed: 3, balancesClasses }).predict(logits),
    );
    expect(largestDifference(fitted[0]!, fitted[1]!)).toBeLessThan(1e-6);
  });

  it('logistic ends where the gradient is 0', () => {
    // Three images of class 1 and one of class 0, of which each class counts as 1.5: w = 1 + 3 (1 − σ(w)) / 10, and no bias.
    const { coefficients } = fitStacker('logistic', [Float32Array.of(1, 1, -1, 1)], [1, 1, 0, 1], {
      ...{ classCount: 2, seed: 0, balancesClasses: true },
    }).toJSON() as { coefficients: number[] };
    const [weight, bias] = coefficients as [number, number];
    expect(weight).toBeCloseTo(1 + 0.3 / (1 + Math.exp(weight)), 6);
    expect(bias).toBeCloseTo(0, 6);
  });

  it('the weights of images sum to the effective sample size, equally for each class', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 100 }), (labels) => {
        const weights = balancedRowWeights(labels);
        const sum = weights.reduce((total, weight) => total + weight, 0);
        const squares = weights.reduce((total, weight) => total + weight ** 2, 0);
        expect(sum).toBeCloseTo(sum ** 2 / squares, 6);
        const classes = [...new Set(labels)];
        for (const label of classes) {
          const own = weights.reduce((total, weight, row) => total + (labels[row] === label ? weight : 0), 0);
          expect(own).toBeCloseTo(sum / classes.length, 6);
        }
      }),
    );
  });
});

describe('dense', () => {
  it('learns a class that no weighted sum can express', () => {
    const random = generatorFor(1, 'switch');
    const rows = Array.from(
      { length: 300 },
      () => [uniformFloat32(random) < 0.5, uniformFloat32(random) < 0.5] as const,
    );
    // The class is whether the two members disagree.
    const labels = rows.map(([a, b]) => Number(a !== b));
    const logits = [0, 1].map((member) => Float32Array.from(rows, (row) => (row[member]! ? 3 : -3)));
    const loss = (kind: StackerKind) => logLoss(fit(kind, { logits, labels }, 2).predict(logits), labels, 2);
    expect(loss('logistic')).toBeGreaterThan(0.65);
    expect(loss('dense')).toBeLessThan(0.3);
  });

  it('draws another order and other weights from another seed', () => {
    const data = outOfFold(100, 2, [1, 2]);
    expect(fit('dense', data, 2, 4).predict(data.logits)).not.toEqual(fit('dense', data, 2, 3).predict(data.logits));
  });

  it('works with too few rows to set any aside', () => {
    const data = outOfFold(4, 2, [1, 2]);
    expect(fit('dense', data, 2).predict(data.logits)).toHaveLength(8);
  });
});

describe("dense's learning curve", () => {
  const data = outOfFold(100, 2, [1, 2]);
  function curveOf(options: DenseFitOptions): LossCurve {
    const curves: LossCurve[] = [];
    const onCurve = (curve: LossCurve) => void curves.push(curve);
    fitStacker('dense', data.logits, data.labels, { classCount: 2, seed: 3, options: { dense: options }, onCurve });
    expect(curves).toHaveLength(1);
    return curves[0]!;
  }

  it('has the epochs until patience ends, and keeps the one with the lowest validation loss', () => {
    const { fit, validation, keptEpochIndex } = curveOf({ ...denseFitDefaults, patience: 5 });
    expect(validation).toHaveLength(fit.length);
    expect(validation!.indexOf(Math.min(...validation!))).toBe(keptEpochIndex);
    expect(fit.length).toBe(Math.min(1000, keptEpochIndex! + 6));
    expect(fit[keptEpochIndex!]).toBeLessThan(fit[0]!);
  });

  it('has no validation loss without patience', () => {
    const { fit, ...others } = curveOf({ ...denseFitDefaults, epochCount: 7, patience: null });
    expect(fit).toHaveLength(7);
    expect(others).toEqual({ validation: null, keptEpochIndex: 6 });
  });
});

describe('dense with options', () => {
  const articles: DenseFitOptions = { epochCount: 20, patience: null, wholeBatchesOnly: true };
  const fitFor = (dense: DenseFitOptions | undefined, data = outOfFold(100, 2, [1, 2])) =>
    fitStacker('dense', data.logits, data.labels, { classCount: 2, seed: 3, options: { dense } }).toJSON();

  it('trains with its defaults if options are omitted', () => {
    expect(fitFor(denseFitDefaults)).toEqual(fitFor(undefined));
  });

  it('keeps the last epoch’s weights of all rows without patience', () => {
    // With patience, 2 of the 10 rows would be set aside, and another epoch might be the best one.
    const data = outOfFold(10, 2, [1, 2]);
    const afterEpochs = (epochCount: number) => fitFor({ ...articles, epochCount, wholeBatchesOnly: false }, data);
    expect(afterEpochs(3)).not.toEqual(afterEpochs(2));
    const changed = outOfFold(10, 2, [1, 2]);
    for (let row = 0; row < 10; row += 1) {
      changed.logits[0]![row]! += 1;
      expect(fitFor({ ...articles, wholeBatchesOnly: false }, changed)).not.toEqual(
        fitFor({ ...articles, wholeBatchesOnly: false }, data),
      );
      changed.logits[0]![row] = data.logits[0]![row]!;
    }
  });

  it.each([
    [true, 3],
    [false, 4],
  ])('with wholeBatchesOnly %s, has %i steps per epoch', (wholeBatchesOnly, stepCount) => {
    // Identical rows give every batch the same gradient, whatever its size.
    const same = (rowCount: number) => ({
      logits: [new Float32Array(rowCount).fill(1)],
      labels: Array(rowCount).fill(1),
    });
    const found = fitFor({ epochCount: 1, patience: null, wholeBatchesOnly }, same(100));
    const stepByStep = fitFor({ epochCount: stepCount, patience: null, wholeBatchesOnly }, same(32));
    const [a, b] = [found, stepByStep].map((json) => (json.kind === 'dense' ? json.weights : []));
    expect(a).not.toHaveLength(0);
    expect(largestDifference(a!, b!)).toBeLessThan(1e-9);
  });

  it('uses the loss of its options', () => {
    expect(fitFor({ ...articles, fromLogitsOnSigmoid: 'cached-logits' })).toEqual(fitFor(articles));
    expect(fitFor({ ...articles, fromLogitsOnSigmoid: 'probabilities' })).not.toEqual(fitFor(articles));
  });

  it.each([
    [{ ...articles, epochCount: 0 }, /^Invalid epochCount 0 of a dense stacker; expected an integer of 1 or more\.$/],
    [{ ...articles, epochCount: 1.5 }, /^Invalid epochCount 1\.5/],
    [
      { ...articles, patience: -1 },
      /^Invalid patience -1 of a dense stacker; expected an integer of 0 or more, or null\.$/,
    ],
  ])('rejects %o', (dense, message) => {
    expect(() => fitFor(dense)).toThrow(ModelError);
    expect(() => fitFor(dense)).toThrow(message);
  });

  it('rejects fewer rows than a whole batch', () => {
    expect(() => fitFor(articles, outOfFold(31, 2, [1, 2]))).toThrow(ModelError);
    expect(() => fitFor(articles, outOfFold(31, 2, [1, 2]))).toThrow(
      /at least 32 images, received 31; .*wholeBatchesOnly/,
    );
  });
});

describe('minimumStackerRows', () => {
  it.each([
    ['dense', articles(null), 36],
    ['dense', articles(50), 45],
    ['dense', { ...articles(null), wholeBatchesOnly: false }, 0],
    ['dense', undefined, 0],
    ['mean', articles(null), 0],
    ['logistic', articles(null), 0],
  ] as const)('of %s with %o is %i', (kind, dense, expected) => {
    expect(minimumStackerRows(kind, { dense })).toBe(expected);
  });

  it('is enough for a fit', () => {
    for (const patience of [null, 50]) {
      const options = { dense: articles(patience) };
      const { logits, labels } = outOfFold(minimumStackerRows('dense', options), 2, [1, 2]);
      expect(() => fitStacker('dense', logits, labels, { classCount: 2, seed: 3, options })).not.toThrow();
    }
  });

  function articles(patience: number | null): DenseFitOptions {
    return { epochCount: 2, patience, wholeBatchesOnly: true };
  }
});

describe('stackerOptionSchemas', () => {
  it('have the defaults of a fit', () => {
    expect(Object.keys(stackerOptionSchemas)).toEqual(['dense']);
    expect(denseFitDefaults).toMatchObject(stackerOptionSchemas.dense.parse(undefined));
  });

  it('reject unknown keys and invalid numbers', () => {
    for (const options of [{ epochs: 3 }, { epochCount: 0 }, { patience: 0.5 }])
      expect(stackerOptionSchemas.dense.safeParse(options).success).toBe(false);
  });
});

describe('stackerFromJson', () => {
  const logistic = { kind: 'logistic', memberCount: 2, classCount: 2, coefficients: [0.5, 0.5, 0] };
  it.each([
    ['an unknown kind', { ...logistic, kind: 'greedy' }],
    ['a missing coefficient', { ...logistic, coefficients: [0.5, 0.5] }],
    ['an extra coefficient', { ...logistic, coefficients: [0.5, 0.5, 0, 0] }],
    ['a coefficient that is not a number', { ...logistic, coefficients: [0.5, null, 0] }],
    ['an infinite coefficient', { ...logistic, coefficients: [0.5, Number.POSITIVE_INFINITY, 0] }],
    ['more members than coefficients', { ...logistic, memberCount: 3 }],
    ['no members', { kind: 'mean', memberCount: 0, classCount: 2 }],
    ['one class', { kind: 'mean', memberCount: 1, classCount: 1 }],
    [
      'a dense stacker with the wrong number of weights',
      { kind: 'dense', memberCount: 2, classCount: 2, weights: [1] },
    ],
    ['an unknown key', { ...logistic, code: 'process.exit()' }],
    ['a prototype', JSON.parse('{"__proto__":{"kind":"mean"},"memberCount":1,"classCount":2}')],
  ])('rejects %s', (_, json) => {
    expect(() => stackerFromJson(json)).toThrow(ModelError);
  });

  it('rejects anything else', () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => void expect(() => stackerFromJson(json)).toThrow(ModelError)));
  });
});

describe('extreme numbers', () => {
  const anyNumber = fc.oneof(
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1, -1, 3.4e38, -3.4e38, 1e-45),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  const quick = { ...denseFitDefaults, epochCount: 3 };

  it('are rejected if not finite; ties, constants and extremes give probabilities', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...logitStackerKinds),
        fc.constantFrom(2, 3),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(anyNumber),
        (kind, classCount, memberCount, rowCount, numbers) => {
          const outputs = classCount === 2 ? 1 : classCount;
          const logits = Array.from({ length: memberCount }, () =>
            Float32Array.from({ length: rowCount * outputs }, () => numbers.next().value as number),
          );
          const labels = Array.from({ length: rowCount }, (_, row) => row % classCount);
          const work = () =>
            fitStacker(kind, logits, labels, { classCount, seed: 0, options: { dense: quick } }).predict(logits);
          if (!logits.every((one) => one.every(Number.isFinite)))
            expect(work).toThrow(/Expected finite logits, received .* from member/);
          else if (logits.every((one) => one.every((value) => Math.abs(value) < 1e3)))
            expect(work().every((value) => value >= 0 && value <= 1)).toBe(true);
          // Larger logits may exceed float64 precision; the fit still ends, with an error.
          else expect(() => settle(work)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('may be missing: a fit on no images predicts none', () => {
    for (const kind of logitStackerKinds) {
      const stacker = fitStacker(kind, [new Float32Array(), new Float32Array()], [], {
        classCount: 3,
        seed: 0,
        options: { dense: quick },
      });
      expect(stacker.predict([new Float32Array(), new Float32Array()])).toHaveLength(0);
    }
  });

  it('stops when onStep throws', () => {
    const data = outOfFold(64, 3, [1, 2]);
    for (const kind of ['dense', 'logistic'] as const) {
      const fitting = () =>
        fitStacker(kind, data.logits, data.labels, {
          classCount: 3,
          seed: 0,
          onStep: () => {
            throw new Error('enough');
          },
        });
      expect(fitting).toThrow('enough');
    }
  });

  function settle(work: () => Float32Array): void {
    try {
      expect(work().every((value) => value >= 0 && value <= 1)).toBe(true);
    } catch (error) {
      expect((error as Error).message).toMatch(/finite|line search failed|no convergence/);
    }
  }
});
