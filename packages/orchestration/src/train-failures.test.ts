import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TooFewMembersError } from './errors.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { reportSchema } from './report/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, copiedWeights, drawData, pretrained, removeRuns, replacing, small, three } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

/** Members whose weights grow ninefold in each step, until the loss is not finite. */
const diverging = (): Partial<ExperimentInput> => ({
  ...small(),
  recipe: { batchSize: 16, whole: { epochCount: 40, patience: 40, learningRate: 1, weightDecay: 10 } },
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
    const run = train(diverging(), { out: at('all-fail') });
    await expect(run).rejects.toThrow(TooFewMembersError);
    await expect(run).rejects.toThrow(/0 of 2 members finished, but at least 2 are required: wide: /);
    const report = reportSchema.parse(JSON.parse(await readFile(at('all-fail/report.json'), 'utf8')));
    expect(report.members.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(report.stackers).toEqual([]);
    expect(report.verdict).toContain('There is no ensemble');
  });
});

it('is reported when it fails, with its own time; its remaining folds are skipped', async () => {
  const events: string[] = [];
  const onMember = (task: string, { state }: MemberState) => void events.push(`${task} ${state}`);
  const run = train(
    { ...diverging(), stacking: { kind: 'kfold', folds: 2, members: 'average' } },
    { out: at('events'), observer: { onMember } },
  );
  await expect(run).rejects.toThrow(TooFewMembersError);
  expect(events).toEqual(
    ['wide', 'slim'].flatMap((name) => [`${name}/fold-1 running`, `${name}/fold-1 failed`, `${name}/fold-2 skipped`]),
  );
});
