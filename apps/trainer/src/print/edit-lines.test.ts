import type { Report } from '@chorus/orchestration';
import { expect, it } from 'vitest';
import { editLines } from './edit-lines.ts';
import { retryLines } from './retry-lines.ts';

type Training = Partial<Report['members'][number]['trainings'][number]>;

const member = (name: string, ...trainings: Training[]) => ({ name, trainings }) as Report['members'][number];
const retry = { text: 'fold-2: the loss became NaN' } as NonNullable<Training['retry']>;

it('editLines lists edits, and the trainings before them', () => {
  const members = [member('wide', { otherPlan: 'seed was 1, is now 2' }, {}), member('slim', {})];
  expect(editLines({ edits: ['seed was 1,\nis now 2'], members, student: undefined })).toEqual([
    expect.stringMatching(/^edited: seed was 1,.*is now 2$/),
    'trained before that: wide (seed was 1, is now 2)',
  ]);
  expect(editLines({ edits: [], members: [member('slim', {})], student: undefined })).toEqual([]);
});

it('retryLines says why trainings were retried', () => {
  const students = member('student', {}, { retry });
  expect(retryLines({ members: [member('wide', { retry }), member('slim', {})], student: students })).toEqual([
    'retried: wide: fold-2: the loss became NaN',
    'retried: student: fold-2: the loss became NaN',
  ]);
});
