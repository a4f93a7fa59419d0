import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from './bundle.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, drawData, pretrained, removeRuns, small, three } from './train.fixture.ts';
import { train } from './train.ts';
import { trainSeeds } from './train-seeds.ts';

beforeAll(drawData);
afterAll(removeRuns);

const out = at('budgeted');
const budgeted: Partial<ExperimentInput> = {
  ...three(pretrained),
  recipe: { batchSize: 32, head: { epochCount: 2 }, fineTune: { epochCount: 1, lastLayers: 6 } },
  stacking: { kind: 'kfold', folds: 2, members: 'average' },
  student: { backbone: 'mobilenet', alpha: 0.25 },
  timeBudgetSeconds: 3600,
};

const stages = [
  { stage: 'head', epochCount: 2 },
  { stage: 'fine-tune', epochCount: 1 },
];
/** What is left of a training whose time is up: the first epoch of the head, without which the weights are useless. */
const endedEarly = (name: string, fold: string) => [
  { name, fold, stage: 'head', epochCount: 1 },
  { name, fold, stage: 'fine-tune', epochCount: 0 },
];

/** Changes `budget.json` of a run, and removes what a resumed run would keep. */
async function rewind(
  change: (record: { spentSeconds: number; choice: { members: unknown[] } }) => void,
  models: readonly ('members' | 'student')[],
) {
  const record = JSON.parse(await readFile(at('budgeted/budget.json'), 'utf8'));
  change(record);
  await writeFile(at('budgeted/budget.json'), JSON.stringify(record));
  for (const name of [...models, 'report.json', 'bundle']) await rm(at(`budgeted/${name}`), { recursive: true });
}

describe.skipIf(!existsSync(pretrained))('a run with a time budget (needs ../shared)', () => {
  it('trains everything if the time suffices, and ranks the members by the features that training uses', async () => {
    const notices: string[] = [];
    const { report } = await train(budgeted, { out, observer: { onNotice: (notice) => void notices.push(notice) } });
    const { ranking, members, leftOut, cut, endedEarly: early, seconds, spentSeconds } = report.timeBudget!;
    expect(seconds).toBe(3600);
    expect(spentSeconds).toBeGreaterThan(report.seconds.members);
    expect(ranking).toMatchObject({ imageCount: 39, neighborCount: 15 });
    const accuracies = ranking!.members.map(({ accuracy }) => accuracy);
    expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
    expect(members).toEqual(['wide', 'slim', 'third'].map((name) => ({ name, stages })));
    expect([leftOut, cut, early]).toEqual([[], [], []]);
    expect(report.student).toMatchObject({ status: 'done', trainings: [{ resumed: false }] });
    expect(notices.find((notice) => notice.startsWith('ranked by 15 nearest neighbors'))).toBeDefined();
    const tasks = report.lanes.flatMap((lane) => lane.tasks.map(({ task, kind }) => `${kind} ${task}`));
    expect([...new Set(tasks.filter((task) => task.startsWith('features')))].toSorted()).toEqual(
      ['slim', 'student', 'third', 'wide'].map((name) => `features ${name}/features`),
    );
  });

  it('repeats its choice when it is resumed, and counts the time spent before', async () => {
    // The members are kept; the student is trained again, when its time is up.
    await rewind(
      (record) => {
        record.spentSeconds = 1e6;
        record.choice.members.splice(1, 1);
      },
      ['student'],
    );
    const { report, exitCode } = await train({}, { resume: out });
    expect(exitCode).toBe(0);
    expect(report.members.map(({ name, status }) => [name, status])).toEqual([
      ['wide', 'done'],
      ['third', 'done'],
    ]);
    expect(report.members.map(({ trainings }) => trainings.every(({ resumed }) => resumed))).toEqual([true, true]);
    expect(report.timeBudget!.spentSeconds).toBeGreaterThan(1e6);
    expect(report.timeBudget!.endedEarly).toEqual(endedEarly('student', 'all'));
    const bundle = await readBundle(at('budgeted/bundle'));
    expect(bundle.members.map(({ name }) => name)).toEqual(['wide', 'third']);
    expect(bundle.student!.name).toBe('student');
    expect((await train({}, { resume: out })).wasFinished).toBe(true);
  });

  it('ends with the smallest valid ensemble when its time is up', async () => {
    await rewind(
      (record) => {
        record.spentSeconds = 1e6;
        record.choice.members = ['wide', 'slim', 'third'].map((name) => ({ name, stages }));
      },
      ['members', 'student'],
    );
    const states: [string, MemberState['state']][] = [];
    const onMember = (name: string, { state }: MemberState) => void states.push([name, state]);
    const { report, exitCode } = await train({}, { resume: out, observer: { onMember } });
    expect(exitCode).toBe(0);
    const { cut, seconds, spentSeconds } = report.timeBudget!;
    expect(spentSeconds).toBeGreaterThan(seconds);
    expect(cut).toHaveLength(1);
    expect(states.filter(([, state]) => state === 'cut').map(([name]) => name)).toContainEqual(
      expect.stringContaining(cut[0]!),
    );
    const names = ['wide', 'slim', 'third'].filter((name) => name !== cut[0]);
    expect(report.members.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'done']));
    expect(report.timeBudget!.endedEarly).toEqual([
      ...names.flatMap((name) => ['fold-1', 'fold-2'].flatMap((fold) => endedEarly(name, fold))),
      ...endedEarly('student', 'all'),
    ]);
    expect((await readBundle(at('budgeted/bundle'))).members.map(({ name }) => name)).toEqual(names);
  });
});

describe('a time budget that is too short', () => {
  it('is refused with the smallest one that would do, before anything is created', async () => {
    const run = train({ ...small(), timeBudgetSeconds: 6 }, { out: at('short') });
    await expect(run).rejects.toThrow(
      /^A time budget of 6 s is too short: before reading the images, \d+ s are spent, and the smallest ensemble \((slim and wide|wide and slim)\) takes about \d+ s more on this machine\. Allow at least \d+ s \(timeBudgetSeconds\)/,
    );
    await expect(run).rejects.toMatchObject({ code: 'time-budget' });
    expect(existsSync(at('short'))).toBe(false);
  });

  it('is refused before any work if it ends before any run does', async () => {
    const run = train({ ...small(), timeBudgetSeconds: 5 }, { out: at('short') });
    await expect(run).rejects.toThrow(
      /^A time budget of 5 s is too short: stackers, bundle and report take about 5 s, in addition to/,
    );
  });

  it('is refused with several seeds', async () => {
    await expect(trainSeeds({ ...small(), timeBudgetSeconds: 60 }, 2, { out: at('seeds') })).rejects.toThrow(
      'Expected either several seeds or a time budget (timeBudgetSeconds)',
    );
  });
});
