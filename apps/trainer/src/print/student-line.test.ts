import type { Report } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { studentLine } from './student-line.ts';

type Student = NonNullable<Report['student']>;

const cost: NonNullable<Student['cost']> = {
  student: { parameters: 2_260_000, bytes: 9_040_000, millisecondsPerImage: 12.12 },
  ensemble: { parameters: 24_250_000, bytes: 97_000_000, millisecondsPerImage: 85 },
};
const comparison: NonNullable<Student['comparison']> = {
  ...{ against: 'mean', accuracyDifference: -0.003, onlyStudent: 1, onlyEnsemble: 4, p: 0.375 },
  logLoss: null,
};
const student = (parts: Partial<Student>): Student => ({
  ...{ name: 'student', backbone: 'mobilenet-v2 1', inputSize: 160, status: 'done', seconds: 1, trainings: [] },
  ...{ predictsWith: 'the model of all', weights: null, recipe: 'transfer', temperature: 1, labelShare: 0, test: null },
  ...{ comparison, cost },
  ...parts,
});

describe('studentLine', () => {
  it('is not there without a student', () => expect(studentLine(undefined)).toEqual([]));

  it('compares size, time and accuracy', () =>
    expect(studentLine(student({}))).toEqual([
      'student (mobilenet-v2 1, 160 px): 9.0 MB instead of 97.0 MB, 12.1 ms per image instead of 85.0 ms; 3 fewer test images correct than the ensemble (not significant, exact McNemar p = 0.38)',
    ]));

  it.each([
    [{ onlyStudent: 2, onlyEnsemble: 2, p: 1 }, /; as many test images correct as the ensemble$/],
    [
      { onlyStudent: 1, onlyEnsemble: 0, p: 1 },
      /; 1 more test image correct than the ensemble \(not significant, exact McNemar p = 1.0\)$/,
    ],
    [
      { onlyStudent: 0, onlyEnsemble: 9, p: 0.004 },
      /; 9 fewer test images correct .*\(significant, exact McNemar p = 0\.0040\)$/,
    ],
  ])('says how many test images they differ in: %j', (parts, expected) =>
    expect(studentLine(student({ comparison: { ...comparison, ...parts } }))[0]).toMatch(expected),
  );

  it('says why its training failed', () =>
    expect(
      studentLine(student({ status: 'failed', reason: 'the loss became NaN', comparison: null, cost: null })),
    ).toEqual(['failed: student: the loss became NaN']));
});
