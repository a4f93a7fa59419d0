import type { RunComparison } from '@chorus/orchestration';
import { expect, it } from 'vitest';
import { comparison } from './runs.ts';

/** A finished run; its report has no more than the comparison reads. */
const run = (folder: string, student?: { name: string; test: { accuracy: number } | null }) =>
  ({
    folder,
    report: {
      stackers: [{ kind: 'mean', chosen: true, test: { accuracy: 0.97 } }],
      members: [{ name: 'wide', test: { accuracy: 0.95 } }],
      student,
    },
  }) as unknown as RunComparison['runs'][number];

it('has a row for the student, beside runs without one and runs whose student failed', () => {
  const runs = [
    run('/one'),
    run('/two', { name: 'student', test: { accuracy: 0.96 } }),
    run('/three', { name: 'student', test: null }),
  ];
  const text = comparison({ runs, differences: [], sameImages: true });
  expect(text).toMatch(/^accuracy +A +B +C$/m);
  expect(text).toMatch(/^wide +95\.0 % +95\.0 % +95\.0 %$/m);
  expect(text).toMatch(/^student +- +96\.0 % +-$/m);
});
