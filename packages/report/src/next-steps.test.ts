import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Report } from '@chorus/orchestration';
import { beforeAll, expect, it } from 'vitest';
import { nextSteps } from './next-steps.ts';
import { writeRunFolder } from './run-folder.fixture.ts';

let report: Report;

beforeAll(async () => {
  const run = await writeRunFolder();
  report = run.report;
  await rm(dirname(run.folder), { recursive: true });
});

const quiet = (given: Report): Report => ({
  ...{ ...given, demo: false, flaws: [], labelAudit: null, costs: null, analysis: null },
  dataset: { ...given.dataset, skipped: [], duplicates: [] },
  stackers: given.stackers.map((stacker) => ({ ...stacker, test: { ...stacker.test, wilson95: [0.8, 0.85] } })),
});

it('has nothing to say about a run in which nothing stands out', () => {
  expect(nextSteps(quiet(report))).toEqual([]);
});

/** What each member adds to the mean of the members. */
const withGains = (gains: Record<string, number>): Report['analysis'] => ({
  ...report.analysis!,
  members: Object.entries(gains).map(([name, gain]) => ({ name, gain })),
});

it.each<[string, (given: Report) => Partial<Report>]>([
  [
    'a member that is the whole ensemble',
    (given) => ({
      costs: report.costs,
      members: given.members.map((one) => (one.name === 'a' ? one : { ...one, predictsWith: null })),
    }),
  ],
  [
    'a member that lowers the mean, if another stacker is chosen',
    (given) => ({
      analysis: withGains({ a: 0.01, b: -0.02 }),
      stackers: given.stackers.map((stacker) => ({ ...stacker, kind: 'logistic' })),
    }),
  ],
])('does not advise against %s', (_, change) => {
  const given = quiet(report);
  expect(nextSteps({ ...given, ...change(given) })).toEqual([]);
});

it.each<[string, (given: Report) => Partial<Report>, RegExp]>([
  ['suspected labels', () => ({ labelAudit: report.labelAudit }), /^1 label looks wrong \(1 in the test set\)\.$/],
  [
    'a member that does as well',
    () => ({ costs: report.costs }),
    /^a alone does as well: 83\.3 % against 83\.3 % on 12 images\.$/,
  ],
  [
    'a member whose lower accuracy may be chance',
    (given) => ({
      costs: report.costs,
      stackers: given.stackers.map((stacker) => ({
        ...stacker,
        test: { ...stacker.test, correct: 11, accuracy: 11 / 12 },
      })),
    }),
    /^a alone is not significantly less accurate: 83\.3 % against 91\.7 % on 12 images\.$/,
  ],
  [
    'the member that lowers the mean most',
    () => ({ analysis: withGains({ a: -0.01, b: -0.02 }) }),
    /^The mean of the members has a lower log loss without b\.$/,
  ],
  ['drawn images', () => ({ demo: true }), /^The images are drawn/],
  ['a flaw that flatters', () => ({ flaws: report.flaws }), /^The procedure has flaws/],
  [
    'an ensemble that is no better than the most frequent class',
    () => ({ baseline: 0.8 }),
    /^The ensemble is not significantly better than always predicting/,
  ],
  [
    'a picture in two classes',
    (given) => ({
      dataset: {
        ...given.dataset,
        duplicates: [{ ...report.dataset.duplicates[0]!, labels: ['cats', 'dogs'] }],
      },
    }),
    /^1 picture occurs in more than one class\.$/,
  ],
])('mentions %s', (_, change, finding) => {
  const given = quiet(report);
  expect(nextSteps({ ...given, ...change(given) }).map((step) => step.finding)).toEqual([
    expect.stringMatching(finding),
  ]);
});
