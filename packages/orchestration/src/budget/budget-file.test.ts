import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BudgetFile, type BudgetRecord, readBudgetFile } from './budget-file.ts';
import { TimeLeft } from './time-left.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-budget-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const record: BudgetRecord = {
  schemaVersion: 1,
  spentSeconds: 0,
  reducedSizes: [{ name: 'a', from: 299, to: 224 }],
  speed: { costPerSecond: 1, startSeconds: 0, compileSeconds: 0 },
  choice: null,
};
const choice: BudgetRecord['choice'] = {
  ranking: null,
  members: [{ name: 'a', stages: [{ stage: 'head', epochCount: 3 }] }],
  leftOut: [],
  plannedSeconds: 5,
  forwardSeconds: { a: 0.1 },
};

describe('BudgetFile', () => {
  it('keeps the choice and the time spent, which a resumed run continues with', async () => {
    const path = join(folder, 'budget.json');
    let nowMs = 5000;
    const first = new TimeLeft({ budgetSeconds: 60, startedAtMs: 0, spentBeforeSeconds: 0 }, () => nowMs);
    const failures: string[] = [];
    const file = new BudgetFile(path, { record, timeLeft: first }, (message) => failures.push(message));
    await file.choose(choice);
    expect(await readBudgetFile(path)).toEqual({ ...record, choice, spentSeconds: 5 });
    nowMs = 12_000;
    await file.close();
    const { spentSeconds } = await readBudgetFile(path);
    expect(spentSeconds).toBe(12);
    const resumed = { budgetSeconds: 60, startedAtMs: 100_000, spentBeforeSeconds: spentSeconds };
    const second = new TimeLeft(resumed, () => 103_000);
    expect([second.spentSeconds, second.seconds, second.endsAtMs]).toEqual([15, 45, 148_000]);
    expect(failures).toEqual([]);
  });

  it('reports once that it cannot be written, and refuses a choice that would be lost', async () => {
    const failures: string[] = [];
    const nowhere = join(folder, 'missing/budget.json');
    await writeFile(join(folder, 'missing'), '');
    const file = new BudgetFile(nowhere, { record, timeLeft: { spentSeconds: 1 } }, (message) =>
      failures.push(message),
    );
    await expect(file.choose(choice)).rejects.toThrow();
    await file.close();
    expect(failures).toEqual([expect.stringMatching(/^Cannot write to .*budget\.json: .* would have more time/)]);
  });
});

it.each([
  [
    'a missing file',
    undefined,
    /^Cannot read .*: .* It has the decisions of a run with a time budget; start a new run\.$/,
  ],
  ['another version', '{"schemaVersion":2}', /was not written by this version of Chorus/],
])('%s is an error of one cause', async (_, content, message) => {
  const path = join(folder, 'other.json');
  await rm(path, { force: true });
  if (content !== undefined) await writeFile(path, content);
  await expect(readBudgetFile(path)).rejects.toThrow(message);
  await expect(readBudgetFile(path)).rejects.toThrow(StorageError);
});
