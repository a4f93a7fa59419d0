import fc from 'fast-check';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { generatorFor } from '../random/generator-for.ts';
import { fitStacker, minimumStackerRows, stackerFromJson } from './stacker.ts';
import type { StackerJson } from './table.ts';

const rowCount = 90;

/** Features of two members, of 5 and 300 numbers, with a center for each class; logits say nothing. */
function data(classCount: number, seed = 1, rows = rowCount) {
  const centers = generatorFor(7, 'centers');
  const random = generatorFor(seed, 'features');
  const labels = Array.from({ length: rows }, (_, row) => row % classCount);
  const features = new Map(
    [5, 300].map((width, member) => {
      const center = Float32Array.from({ length: classCount * width }, () => uniformFloat32(centers));
      const values = Float32Array.from({ length: rows * width }, (_, index) => {
        const [row, feature] = [Math.floor(index / width), index % width];
        return 3 * center[labels[row]! * width + feature]! + 10 * member + 4 * uniformFloat32(random);
      });
      return [2 * member, values] as const;
    }),
  );
  const outputs = classCount === 2 ? 1 : classCount;
  const logits = [0, 1, 2].map(() => new Float32Array(rows * outputs));
  return { labels, features, logits };
}

function fit(classCount: number, { labels, features, logits }: ReturnType<typeof data>) {
  return fitStacker('features', logits, labels, { classCount, seed: 3, features });
}

type FeaturesJson = Extract<StackerJson, { kind: 'features' }>;

describe.each([2, 4])('features, of %i classes', (classCount) => {
  const training = data(classCount);
  const stacker = fit(classCount, training);

  it('reads the members that have features', () => {
    expect(stacker.featureMembers).toEqual([0, 2]);
    expect((stacker.toJSON() as FeaturesJson).members).toEqual([
      { index: 0, width: 5 },
      { index: 2, width: 300 },
    ]);
  });

  it('classifies images that it has not seen', () => {
    const unseen = data(classCount, 2);
    const probabilities = stacker.predict(unseen.logits, unseen.features);
    expect(probabilities).toHaveLength(rowCount * classCount);
    let correct = 0;
    for (const [row, label] of unseen.labels.entries()) {
      const own = [...probabilities.subarray(row * classCount, (row + 1) * classCount)];
      expect(own.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
      if (own.indexOf(Math.max(...own)) === label) correct += 1;
    }
    expect(correct / rowCount).toBeGreaterThan(0.9);
  });

  it('is the same after a round trip through JSON, and from the same data', () => {
    const again = stackerFromJson(JSON.parse(JSON.stringify(stacker)));
    const predict = (one: typeof stacker) => one.predict(training.logits, training.features);
    expect(predict(again)).toEqual(predict(stacker));
    expect(fit(classCount, training).toJSON()).toEqual(stacker.toJSON());
  });

  it.each([
    ['no features', new Map<number, Float32Array>(), /from member 0, received no numbers/],
    [
      'features of other images',
      new Map([...training.features].map(([index, one]) => [index, one.slice(5)])),
      /5 features/,
    ],
    [
      'features that are not finite',
      new Map([...training.features, [2, training.features.get(2)!.with(301, Number.NaN)]]),
      /Expected finite features, received NaN from member 2 at index 301/,
    ],
  ])('refuses %s', (_, features, message) => {
    const predict = () => stacker.predict(training.logits, features);
    expect(predict).toThrow(ModelError);
    expect(predict).toThrow(message);
  });

  it('stops when onStep throws', () => {
    const stopped = () =>
      fitStacker('features', training.logits, training.labels, {
        ...{ classCount, seed: 3, features: training.features },
        onStep() {
          throw new Error('enough');
        },
      });
    expect(stopped).toThrow('enough');
  });
});

describe('features', () => {
  it('are needed for a fit', () => {
    const { logits, labels } = data(2);
    expect(() => fitStacker('features', logits, labels, { classCount: 2, seed: 3 })).toThrow(
      /Expected pooled features of some images and members, received those of 90 images and 0 members/,
    );
    expect(minimumStackerRows('features')).toBe(0);
  });

  it('that are constant, or hardly vary, do not count', () => {
    const { labels, logits, features } = data(2);
    const constant = new Float32Array(rowCount * 2).map((_, index) =>
      index % 2 === 0 ? 7 : 1e6 + labels[index >> 1]! / 16,
    );
    const stacker = fit(2, { labels, logits, features: new Map([...features, [1, constant]]) });
    const { kernel } = stacker.toJSON() as FeaturesJson;
    expect(kernel.slice(5, 7)).toEqual([0, 0]);
    expect(kernel[0]).not.toBe(0);
  });

  it('of a class without images get a small probability', () => {
    const { labels, logits: _, features } = data(3);
    const logits = [0, 1, 2].map(() => new Float32Array(rowCount * 4));
    const probabilities = fitStacker('features', logits, labels, { classCount: 4, seed: 3, features }).predict(
      logits,
      features,
    );
    const missing = probabilities.filter((_, index) => index % 4 === 3);
    expect(Math.max(...missing)).toBeLessThan(0.01);
  });

  it('of any size and number give probabilities', () => {
    const size = fc.constantFrom(0, 1e-30, 1, 1e6, 3e38);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.constantFrom(2, 3), size, (rows, classCount, scale) => {
        const small = data(classCount, 1, rows);
        const features = new Map(
          [...small.features].map(([index, one]) => [index, one.map((value) => (value * scale) / 40)]),
        );
        const predicted = fit(classCount, { ...small, features }).predict(small.logits, features);
        expect(predicted.every((value) => value >= 0 && value <= 1)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  const state = {
    ...{ kind: 'features', memberCount: 2, classCount: 2, strength: 1 },
    ...{ members: [{ index: 1, width: 2 }], kernel: [1, 2], bias: [0] },
  };
  it.each([
    ['a member that the ensemble does not have', { members: [{ index: 2, width: 2 }] }],
    [
      'a member twice',
      {
        members: [
          { index: 1, width: 1 },
          { index: 1, width: 1 },
        ],
      },
    ],
    ['no members', { members: [], kernel: [] }],
    ['a coefficient too few', { kernel: [1] }],
    ['a bias too many', { bias: [0, 0] }],
    ['a coefficient that is not a number', { kernel: [1, null] }],
  ])('refuse a state with %s', (_, change) => {
    expect(stackerFromJson(state).featureMembers).toEqual([1]);
    expect(() => stackerFromJson({ ...state, ...change })).toThrow(/^Invalid stacker: /);
  });
});
