import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TooFewMembersError } from './errors.ts';
import { reportSchema } from './report/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, drawData, names, pretrained, removeRuns, three, weightsWith } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

describe('members that fail', () => {
  it.skipIf(!existsSync(pretrained))(
    'do not stop the others: exit code 3, and the reason is in the report (needs ../shared)',
    async () => {
      const { report, exitCode } = await train(three(await weightsWith('wide')), { out: at('one-fails') });
      expect(exitCode).toBe(3);
      expect(report.members.map(({ name, status }) => [name, status])).toEqual([
        ['wide', 'failed'],
        ['slim', 'done'],
        ['third', 'done'],
      ]);
      expect(report.members[0]!.reason).toContain('mobilenet_5_0_160_tf_no_top.h5');
      expect(report.verdict).toContain('Members that failed and are not part of it: wide.');
      expect(report.members[1]!.weights).toMatchObject({
        note: 'trained at 128 px, used at 32 px',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(report.demo).toBe(false);
    },
  );

  it('result in a report and exit code 5 if too few members remain', async () => {
    const folder = await weightsWith('wide', 'slim', 'third');
    const run = train(three(folder), { out: at('all-fail') });
    await expect(run).rejects.toThrow(TooFewMembersError);
    await expect(run).rejects.toThrow(/0 of 3 members finished, but at least 2 are required: wide: /);
    const report = reportSchema.parse(JSON.parse(await readFile(at('all-fail/report.json'), 'utf8')));
    expect(report.members.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
    expect(report.stackers).toEqual([]);
    expect(report.verdict).toContain('There is no ensemble');
  });
});

it('is reported when it fails, with its own time; its remaining folds are skipped', async () => {
  const events: string[] = [];
  const onMember = (task: string, { state }: MemberState) => void events.push(`${task} ${state}`);
  const broken = await mkdtemp(at('weights-'));
  for (const name of Object.values(names)) await writeFile(join(broken, name), 'This is a text.');
  const run = train(
    { ...three(broken), workers: [{ device: 'cpu:1' }], stacking: { kind: 'kfold', folds: 2, members: 'average' } },
    { out: at('events'), observer: { onMember } },
  );
  await expect(run).rejects.toThrow(TooFewMembersError);
  const features = ['third', 'wide', 'slim'].flatMap((name) => [`${name}/features running`, `${name}/features failed`]);
  const folds = ['slim', 'third', 'wide'].flatMap((name) => [`${name}/fold-1 skipped`, `${name}/fold-2 skipped`]);
  expect(events.slice(0, 6)).toEqual(features);
  expect(events.slice(6).toSorted()).toEqual(folds);
});
