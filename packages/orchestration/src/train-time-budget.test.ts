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
  recipe: { batchSize: 16, head: { epochCount: 2 }, fineTune: { epochCount: 1 } },
  timeBudgetSeconds: 3600,
};

/** Changes `budget.json` of a run, and removes what a resumed run would keep. */
async function rewind(
  change: (record: { spentSeconds: number; choice: { members: unknown[] } }) => void,
  { run = 'budgeted', models = 'members' } = {},
) {
  const record = JSON.parse(await readFile(at(`${run}/budget.json`), 'utf8'));
  change(record);
  await writeFile(at(`${run}/budget.json`), JSON.stringify(record));
  for (const name of [models, 'report.json', 'bundle']) await rm(at(`${run}/${name}`), { recursive: true });
}

describe.skipIf(!existsSync(pretrained))('a run with a time budget (needs ../shared)', () => {
  it('trains everything if the time suffices, and ranks the members by the features that training uses', async () => {
    const notices: string[] = [];
    const { report } = await train(budgeted, { out, observer: { onNotice: (notice) => void notices.push(notice) } });
    const { ranking, members, leftOut, cut, endedEarly, seconds, spentSeconds } = report.timeBudget!;
    expect(seconds).toBe(3600);
    expect(spentSeconds).toBeGreaterThan(report.seconds.members);
    expect(ranking).toMatchObject({ imageCount: 79, neighborCount: 15 });
    const accuracies = ranking!.members.map(({ accuracy }) => accuracy);
    expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
    const stages = [
      { stage: 'head', epochCount: 2 },
      { stage: 'fine-tune', epochCount: 1 },
    ];
    expect(members).toEqual(['wide', 'slim', 'third'].map((name) => ({ name, stages })));
    expect([leftOut, cut, endedEarly]).toEqual([[], [], []]);
    expect(notices.find((notice) => notice.startsWith('ranked by 15 nearest neighbors'))).toBeDefined();
    const tasks = report.lanes.flatMap((lane) => lane.tasks.map(({ task, kind }) => `${kind} ${task}`));
    expect([...new Set(tasks.filter((task) => task.startsWith('features')))].toSorted()).toEqual(
      ['slim', 'third', 'wide'].map((name) => `features ${name}/features`),
    );
  });

  it('repeats its choice when it is resumed, and counts the time spent before', async () => {
    await rewind((record) => {
      record.spentSeconds = 1000;
      record.choice.members.splice(1, 1);
    });
    const { report } = await train({}, { resume: out });
    expect(report.members.map(({ name, status }) => [name, status])).toEqual([
      ['wide', 'done'],
      ['third', 'done'],
    ]);
    expect(report.timeBudget!.spentSeconds).toBeGreaterThan(1000);
    expect((await readBundle(at('budgeted/bundle'))).members.map(({ name }) => name)).toEqual(['wide', 'third']);
    expect((await train({}, { resume: out })).wasFinished).toBe(true);
  });

  it('ends with the smallest valid ensemble when its time is up', async () => {
    await rewind((record) => {
      record.spentSeconds = 1e6;
      record.choice.members = ['wide', 'slim', 'third'].map((name) => ({
        name,
        stages: [
          { stage: 'head', epochCount: 2 },
          { stage: 'fine-tune', epochCount: 1 },
        ],
      }));
    });
    const states: [string, MemberState['state']][] = [];
    const onMember = (name: string, { state }: MemberState) => void states.push([name, state]);
    const { report, exitCode } = await train({}, { resume: out, observer: { onMember } });
    expect(exitCode).toBe(0);
    const { cut, endedEarly, seconds, spentSeconds } = report.timeBudget!;
    expect(spentSeconds).toBeGreaterThan(seconds);
    expect(cut).toHaveLength(1);
    expect(states).toContainEqual([cut[0], 'cut']);
    const names = ['wide', 'slim', 'third'].filter((name) => name !== cut[0]);
    expect(report.members.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'done']));
    expect(endedEarly).toEqual(
      names.flatMap((name) => [
        { name, fold: 'holdout', stage: 'head', epochCount: 1 },
        { name, fold: 'holdout', stage: 'fine-tune', epochCount: 0 },
      ]),
    );
    expect((await readBundle(at('budgeted/bundle'))).members.map(({ name }) => name)).toEqual(names);
  });
});

describe.skipIf(!existsSync(pretrained))('a student in a run with a time budget (needs ../shared)', () => {
  it('is trained after the members, and ends early when its time is up', async () => {
    const run = 'budgeted-student';
    const { report } = await train(
      {
        ...budgeted,
        stacking: { kind: 'kfold', folds: 2, members: 'average' },
        student: { backbone: 'mobilenet', alpha: 0.25 },
      },
      { out: at(run) },
    );
    expect(report.student).toMatchObject({ status: 'done', trainings: [{ resumed: false }] });
    expect(report.timeBudget).toMatchObject({ leftOut: [], cut: [], endedEarly: [] });

    await rewind(
      (record) => {
        record.spentSeconds = 1e6;
      },
      { run, models: 'student' },
    );
    const { report: late, exitCode } = await train({}, { resume: at(run) });
    expect(exitCode).toBe(0);
    expect(late.members.map(({ trainings }) => trainings.every(({ resumed }) => resumed))).toEqual([true, true, true]);
    expect(late.timeBudget!.endedEarly).toEqual([
      { name: 'student', fold: 'all', stage: 'head', epochCount: 1 },
      { name: 'student', fold: 'all', stage: 'fine-tune', epochCount: 0 },
    ]);
    expect((await readBundle(at(`${run}/bundle`))).student!.name).toBe('student');
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
