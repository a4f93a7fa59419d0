import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/calibration.json' with { type: 'json' };
import { ModelError } from '../errors.ts';
import { hardData } from '../stackers/hard-data.fixture.ts';
import { toProbabilities } from '../stackers/probabilities.ts';
import { type Calibration, calibrate, calibrationSchema, fitsClassCount } from './calibration.ts';
import { fitTemperature } from './fit-temperature.ts';
import { fitVector } from './fit-vector.ts';
import { drawnRows, lossOf, separatedRows } from './labeled.fixture.ts';
import type { LabeledRows } from './labeled-rows.ts';

const fits: [string, (rows: LabeledRows, pause?: () => Promise<void>) => Promise<Calibration>][] = [
  ['fitTemperature', fitTemperature],
  ['fitVector', fitVector],
];

describe.each(golden.cases)('$classCount classes, as SciPy minimizes the same objective', (expected) => {
  const { classCount, labels } = expected;
  const probabilities = Float32Array.from(expected.probabilities);
  const rows = { probabilities, labels, classCount };

  it('has the temperature', async () => {
    const found = await fitTemperature(rows);
    expect(Math.abs(found.temperature - expected.temperature)).toBeLessThan(1e-6);
    const first = calibrate(probabilities.subarray(0, 3 * classCount), found, classCount);
    expectClose(first, expected.calibrated.temperature);
  });

  it('has the scales and biases of each class', async () => {
    const found = await fitVector(rows);
    expectClose(found.scales, expected.scales);
    expectClose(found.biases, expected.biases);
    const first = calibrate(probabilities.subarray(0, 3 * classCount), found, classCount);
    expectClose(first, expected.calibrated.vector);
  });
});

describe('fitVector', () => {
  it('takes few passes over the images of an over-confident classifier, whose loss float64 hardly resolves', async () => {
    let passCount = 0;
    await fitVector(separatedRows(4), async () => {
      passCount += 1;
    });
    expect(passCount).toBeGreaterThan(1);
    expect(passCount).toBeLessThan(50);
  });
});

describe.each(fits)('%s', (_, fit) => {
  it('never fails, for separable and degenerate data', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(hardData, async ({ classCount, labels, logits }) => {
        const rows = { probabilities: toProbabilities(logits[0]!, classCount), labels, classCount };
        expect(calibrate(rows.probabilities, await fit(rows), classCount).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('fitTemperature', () => {
  it.each([
    [2, 0.5],
    [2, 2],
    [5, 3],
    [5, 1],
  ])('finds the temperature that was applied, with %i classes and %f', async (classCount, power) => {
    const rows = drawnRows(20_000, classCount, 5, power);
    expect((await fitTemperature(rows)).temperature / power).toBeCloseTo(1, 1);
  });

  it('stays finite for a classifier that is always right, and for one that is always wrong', async () => {
    const labels = Array.from({ length: 1000 }, (_, row) => row % 2);
    const right = Float32Array.from(labels.flatMap((label) => [1 - label, label]));
    for (const probabilities of [right, right.map((one) => 1 - one)]) {
      const found = await fitTemperature({ probabilities, labels, classCount: 2 });
      expect(found.temperature).toBeGreaterThan(0.01);
      expect(found.temperature).toBeLessThan(51);
      expect(calibrate(probabilities, found, 2).every(Number.isFinite)).toBe(true);
    }
  });

  it('is the root of the slope of the regularized loss, as found by bisection', async () => {
    const size = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 5 }), fc.nat(200));
    await fc.assert(
      fc.asyncProperty(size, fc.double({ min: 0.05, max: 20, noNaN: true }), async (given, power) => {
        const rows = drawnRows(...given, power);
        const { temperature } = await fitTemperature(rows);
        expect(Math.abs(temperature / bisectedTemperature(rows) - 1)).toBeLessThan(1e-7);
      }),
      { numRuns: 50 },
    );
  });
});

describe('fitVector', () => {
  it('finds the scales and biases that were applied', async () => {
    const rows = drawnRows(40_000, 3, 7);
    const [scales, biases] = [
      [0.5, 1, 2],
      [0.3, 0, -0.5],
    ];
    const skewed = calibrate(rows.probabilities, { kind: 'vector', scales, biases }, 3);
    const found = await fitVector({ ...rows, probabilities: skewed });
    // The skew cannot be undone exactly: each row is normalized afterwards.
    const before = lossOf(skewed, rows);
    const after = lossOf(calibrate(skewed, found, 3), rows);
    const best = lossOf(rows.probabilities, rows);
    expect(after - best).toBeLessThan(0.1 * (before - best));
  });

  it('corrects what a temperature cannot: a preferred class', async () => {
    const rows = drawnRows(4000, 3, 8);
    const skewed = calibrate(rows.probabilities, { kind: 'vector', scales: [1, 1, 1], biases: [2, 0, 0] }, 3);
    const given = { ...rows, probabilities: skewed };
    const byTemperature = lossOf(calibrate(skewed, await fitTemperature(given), 3), rows);
    const byVector = lossOf(calibrate(skewed, await fitVector(given), 3), rows);
    expect(byVector).toBeLessThan(byTemperature - 0.05);
    expect(byVector).toBeCloseTo(lossOf(rows.probabilities, rows), 2);
  });

  it('stays finite for a classifier that is always right, and for one that is always wrong', async () => {
    const labels = Array.from({ length: 1000 }, (_, row) => row % 3);
    const right = Float32Array.from(labels.flatMap((label) => [0, 1, 2].map((one) => Number(one === label))));
    for (const probabilities of [right, right.map((one) => (1 - one) / 2)]) {
      const found = await fitVector({ probabilities, labels, classCount: 3 });
      expect([...found.scales, ...found.biases].every(Number.isFinite)).toBe(true);
      expect(calibrate(probabilities, found, 3).every(Number.isFinite)).toBe(true);
    }
  });
});

describe.each(fits)('%s', (_, fit) => {
  it.each([
    ['no images', new Float32Array(), []],
    ['one image', Float32Array.of(0.4, 0.6), [1]],
  ])('hardly changes anything with %s', async (_, probabilities, labels) => {
    const found = await fit({ probabilities, labels, classCount: 2 });
    const some = Float32Array.of(0.3, 0.7, 0.9, 0.1);
    expectClose(calibrate(some, found, 2), some, 0.05);
  });

  it('has a lower loss than without', async () => {
    const rows = drawnRows(500, 4, 6, 2);
    const after = lossOf(calibrate(rows.probabilities, await fit(rows), 4), rows);
    expect(after).toBeLessThan(lossOf(rows.probabilities, rows));
  });

  it('pauses between rows, and ends with the error of a pause', async () => {
    let pauseCount = 0;
    const pause = async () => {
      pauseCount += 1;
      if (pauseCount === 7) throw new Error('stopped');
    };
    await expect(fit(drawnRows(3000, 100, 1), pause)).rejects.toThrow('stopped');
  });

  it.each<[LabeledRows, RegExp]>([
    [
      { probabilities: Float32Array.of(0.5, Number.NaN), labels: [0], classCount: 2 },
      /finite probabilities.* NaN at index 1/,
    ],
    [{ probabilities: Float32Array.of(0.5, 0.5), labels: [2], classCount: 2 }, /labels from 0 to 1, received 2/],
    [{ probabilities: Float32Array.of(0.5, 0.5), labels: [0, 1], classCount: 2 }, /a label for each of 1 images/],
  ])('refuses %o', async (rows, message) => {
    await expect(fit(rows)).rejects.toThrow(ModelError);
    await expect(fit(rows)).rejects.toThrow(message);
  });

  it('is what the schema of a bundle accepts', async () => {
    const found = await fit(drawnRows(50, 3, 1));
    expect(calibrationSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
    expect(fitsClassCount(found, 3)).toBe(true);
  });
});

describe('calibrate', () => {
  it('keeps the order of the classes at any temperature, sums of 1, and everything at 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.nat(100),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (classCount, seed, temperature) => {
          const { probabilities } = drawnRows(5, classCount, seed);
          const scaled = calibrate(probabilities, { kind: 'temperature', temperature }, classCount);
          for (let start = 0; start < scaled.length; start += classCount) {
            const row = scaled.subarray(start, start + classCount);
            expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
            const before = probabilities.subarray(start, start + classCount);
            expect(row.indexOf(Math.max(...row))).toBe(before.indexOf(Math.max(...before)));
          }
          expectClose(calibrate(probabilities, { kind: 'temperature', temperature: 1 }, classCount), probabilities);
        },
      ),
    );
  });

  it('returns the given probabilities without a calibration', () => {
    const probabilities = Float32Array.of(0.3, 0.7);
    expect(calibrate(probabilities, null, 2)).toBe(probabilities);
  });

  it('has no limit on the number of classes', async () => {
    const classCount = 200_000;
    const probabilities = new Float32Array(classCount).fill(1 / classCount);
    expect(calibrate(probabilities, { kind: 'temperature', temperature: 2 }, classCount)).toEqual(probabilities);
    expect((await fitTemperature({ probabilities, labels: [7], classCount })).temperature).toBeCloseTo(1, 9);
  });

  it('refuses a calibration of another number of classes', () => {
    const calibration = { kind: 'vector', scales: [1, 1], biases: [0, 0] } as const;
    expect(() => calibrate(new Float32Array(3), { ...calibration, scales: [1, 1], biases: [0, 0] }, 3)).toThrow(
      'a calibration of 3 classes',
    );
    expect(fitsClassCount({ ...calibration, scales: [1, 1], biases: [0, 0] }, 3)).toBe(false);
  });
});

it.each([
  { kind: 'temperature', temperature: 0 },
  { kind: 'temperature', temperature: 1, scales: [] },
  { kind: 'vector', scales: [1, 1], biases: [0] },
  { kind: 'isotonic' },
])('the schema refuses %o', (json) => {
  expect(calibrationSchema.safeParse(json).success).toBe(false);
});

// --- internal ---

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, limit = 1e-6): void {
  expect(found.length).toBe(expected.length);
  const differences = Array.from(found, (one, index) => Math.abs(one - expected[index]!));
  expect(Math.max(...differences)).toBeLessThan(limit);
}

/** The temperature where the slope of the loss, with a prior of 10 images' strength, is 0. */
function bisectedTemperature({ probabilities, labels, classCount }: ReturnType<typeof drawnRows>): number {
  const logs = Array.from(probabilities, (one) => Math.log(Math.max(one, 1e-7)));
  const slopeAt = (exponent: number) =>
    labels.reduce(
      (slope, label, row) => {
        const own = logs.slice(row * classCount, (row + 1) * classCount);
        const powers = own.map((log) => Math.exp(exponent * log));
        const sum = powers.reduce((total, one) => total + one, 0);
        return slope - own[label]! + powers.reduce((mean, power, index) => mean + (power / sum) * own[index]!, 0);
      },
      10 * (exponent - 1),
    );
  let [least, most] = [0.02, 50];
  for (let halving = 0; halving < 60; halving += 1) {
    const middle = (least + most) / 2;
    if (slopeAt(middle) > 0) most = middle;
    else least = middle;
  }
  return 2 / (least + most);
}
