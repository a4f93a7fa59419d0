import { existsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TooFewMembersError } from './errors.ts';
import { reportSchema } from './report/schema.ts';
import { readMetrics } from './run/metrics-log.ts';
import type { MemberState, RunObserver } from './run/observer.ts';
import { at, copiedWeights, drawData, pretrained, removeRuns, replacing, small, three } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

/** One step per member. */
const quick = { ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } };

/** An observer that puts files in the place of the members' folders, so that trained members cannot be published. */
const blocking = (run: string): Partial<RunObserver> => ({
  onDataset() {
    for (const name of ['wide', 'slim']) writeFileSync(at(`${run}/members/${name}`), '');
  },
});

describe('members that fail', () => {
  it.skipIf(!existsSync(pretrained))(
    'do not stop the others: exit code 3, and the reason is in the report (needs ../shared)',
    async () => {
      const folder = await copiedWeights();
      const { report, exitCode } = await train(three(folder), {
        out: at('one-fails'),
        observer: replacing(folder, 'wide'),
      });
      expect(exitCode).toBe(3);
      expect(report.members.map(({ name, status }) => [name, status])).toEqual([
        ['wide', 'failed'],
        ['slim', 'done'],
        ['third', 'done'],
      ]);
      expect(report.members[0]!.reason).toMatch(/mobilenet_5_0_160_tf_no_top\.h5 has changed/);
      expect(report.verdict).toContain('Members that failed and are not part of it: wide.');
      expect(report.members[1]!.weights).toMatchObject({
        note: 'trained at 128 px, used at 32 px',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(report.demo).toBe(false);
    },
  );

  it('46: result in a report and exit code 5 if too few members remain', async () => {
    const run = train(quick, { out: at('all-fail'), observer: blocking('all-fail') });
    await expect(run).rejects.toThrow(TooFewMembersError);
    await expect(run).rejects.toThrow(/0 of 2 members finished, but at least 2 are required: wide: /);
    const report = reportSchema.parse(JSON.parse(await readFile(at('all-fail/report.json'), 'utf8')));
    expect(report.members.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(report.stackers).toEqual([]);
    expect(report.verdict).toContain('There is no ensemble');
  });
});

it('45: a training that is retried at a tenth of the rate finishes, and the report says so', async () => {
  // Each step multiplies the kernels by −9 or, at a tenth of the rate, by 0.
  const whole = { epochCount: 5, patience: 5, learningRate: 1, weightDecay: 10 };
  const warnings: string[] = [];
  const { report, exitCode } = await train(
    { ...small(), recipe: { batchSize: 8, whole } },
    { out: at('retried'), observer: { onWarning: (task, text) => void warnings.push(`${task}: ${text}`) } },
  );
  expect(exitCode).toBe(0);
  const retries = report.members.map(({ name, trainings: [training] }) => ({ name, retry: training!.retry }));
  for (const { name, retry } of retries) {
    expect(retry).toMatchObject({ stage: 'whole', learningRate: 1, rateFactor: 0.1 });
    expect(warnings).toContain(`${name}: T${retry!.text.slice(1)}.`);
    const { retry: recorded } = JSON.parse(await readFile(at(`retried/members/${name}/holdout/member.json`), 'utf8'));
    expect({ ...recorded, text: retry!.text }).toEqual(retry);
    const epochs = (await readMetrics(at('retried/metrics.jsonl'))).filter(({ member }) => member === name);
    expect(epochs.map(({ epochIndex }) => epochIndex)).toEqual([...epochs.keys()]);
  }
  const lines = (await readFile(at('retried/metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ repeated }) => repeated).every(({ rateFactor }) => rateFactor === 0.1)).toBe(true);
  expect(lines.some(({ rateFactor }) => rateFactor === 0.1)).toBe(true);
});

it.skipIf(!existsSync(pretrained))(
  'is reported when it fails; its trainings are skipped (needs ../shared)',
  async () => {
    const events: string[] = [];
    const onMember = (task: string, { state }: MemberState) => void events.push(`${task} ${state}`);
    const weights = await copiedWeights();
    const run = train(
      {
        ...small(),
        weights,
        recipe: three(weights).recipe!,
        stacking: { kind: 'kfold', folds: 2, members: 'average' },
      },
      { out: at('events'), observer: { ...replacing(weights, 'wide'), onMember } },
    );
    await expect(run).rejects.toThrow(TooFewMembersError);
    expect(events).toEqual([
      ...['wide/features running', 'wide/features failed', 'wide/fold-2 skipped', 'wide/fold-1 skipped'],
      // The longest training is first: fold 2 leaves out one image less.
      ...['features', 'fold-2', 'fold-1'].flatMap((task) => [`slim/${task} running`, `slim/${task} done`]),
    ]);
  },
);
