import { expect, it } from 'vitest';
import { type Calibration, calibrate } from '../calibration/calibration.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { fitStacker } from '../stackers/stacker.ts';
import { type StackerKind, stackerKinds } from '../stackers/table.ts';
import { type StackerStep, type StackerSteps, stackerSteps } from './stacker-steps.ts';

const rowCount = 12;
const width = 5;

type Rows = number[][];

const softmax = (row: readonly number[]) => {
  const exponentials = row.map((x) => Math.exp(x - Math.max(...row)));
  const sum = exponentials.reduce((one, other) => one + other, 0);
  return exponentials.map((x) => x / sum);
};

/** What a step computes. */
function run(step: StackerStep, of: readonly Rows[]): Rows {
  const [x] = of as [Rows];
  const eachRow = (of: (row: number[], index: number) => number[]) => x.map(of);
  const mean = (weights: readonly number[], of: readonly Rows[], index: number) =>
    x[index]!.map((_, column) => of.reduce((sum, one, which) => sum + weights[which]! * one[index]![column]!, 0));
  switch (step.op) {
    case 'dense':
      return eachRow((row) =>
        step.kernel[0]!.map((_, column) => {
          const sum = row.reduce(
            (total, value, index) => total + value * step.kernel[index]![column]!,
            step.bias?.[column] ?? 0,
          );
          return step.activation === 'relu' ? Math.max(sum, 0) : sum;
        }),
      );
    case 'activation':
      return eachRow((row) => {
        if (step.activation === 'softmax') return softmax(row);
        return row.map((value) => (step.activation === 'relu' ? Math.max(value, 0) : 1 / (1 + Math.exp(-value))));
      });
    case 'rescale':
      return eachRow((row) => row.map((value) => step.scale * value + step.offset));
    case 'concatenate':
      return eachRow((_, index) => of.flatMap((one) => one[index]!));
    case 'mean':
      return eachRow((_, index) =>
        mean(
          of.map(() => 1 / of.length),
          of,
          index,
        ),
      );
    case 'probabilities':
      return eachRow((row) => {
        const probabilities = softmax(row.length === 1 ? [0, row[0]!] : row);
        return step.form === 'probabilities' ? probabilities : probabilities.map(Math.log);
      });
    case 'logWeightedMean': {
      const exponentials = of.map((rows) => rows.map((row) => row.map(Math.exp)));
      return eachRow((_, index) => mean(step.weights, exponentials, index).map(Math.log));
    }
  }
}

function runAll({ members, steps }: StackerSteps, outputs: ReadonlyMap<string, Rows>): number[] {
  const values = new Map(members.map((name) => [name, outputs.get(name)!]));
  for (const step of steps) {
    expect(values.has(step.to)).toBe(false);
    values.set(
      step.to,
      run(
        step,
        step.of.map((name) => values.get(name)!),
      ),
    );
  }
  return values.get(steps.at(-1)!.to)!.flat();
}

const asRows = (flat: Float32Array): Rows =>
  Array.from({ length: rowCount }, (_, row) => [
    ...flat.subarray((row * flat.length) / rowCount, ((row + 1) * flat.length) / rowCount),
  ]);

const wave = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, index) => 2 * Math.sin(1.3 * index + 7 * seed));

const calibrationsOf = (classCount: number): (Calibration | null)[] => [
  null,
  { kind: 'temperature', temperature: 0.6 },
  { kind: 'vector', scales: [0.8, 1.5, 1].slice(0, classCount), biases: [0.5, 0, -0.5].slice(0, classCount) },
];

it.each(
  stackerKinds.flatMap((kind) =>
    [2, 3].flatMap((classCount) =>
      calibrationsOf(classCount).map((calibration) => ({ kind, classCount, calibration })),
    ),
  ),
)('give the probabilities of $kind, $classCount classes, $calibration.kind', ({ kind, classCount, calibration }) => {
  const names = ['probabilities', 'second'];
  const outputs = classCount === 2 ? 1 : classCount;
  const logits = names.map((_, index) => wave(rowCount * outputs, index));
  const features = new Map(names.map((_, index) => [index, wave(rowCount * width, index)]));
  const labels = Array.from({ length: rowCount }, (_, row) => row % classCount);
  const stacker = fitStacker(kind satisfies StackerKind, logits, labels, { classCount, seed: 0, features });
  const steps = stackerSteps({ stacker: stacker.toJSON(), calibration }, names);
  expect(steps.reads).toBe(kind === 'features' ? 'features' : 'logits');
  const read = names.map(
    (name, index) => [name, asRows(kind === 'features' ? features.get(index)! : logits[index]!)] as const,
  );
  const found = runAll(JSON.parse(JSON.stringify(steps)), new Map(read));
  const wanted = calibrate(stacker.predict(logits, features), calibration, classCount);
  expect(found).toHaveLength(rowCount * classCount);
  expect(largestDifference(Float32Array.from(found), wanted)).toBeLessThan(1e-6);
});
