import { expect, it } from 'vitest';
import { soupLines } from './soup-lines.ts';

/** Numbers of epochs of each training's soup. */
const model = (name: string, counts: readonly (number | undefined)[]) => ({
  name,
  trainings: counts.map((count, index) => ({
    ...{
      fold: { kind: 'fold' as const, index },
      device: 'cpu:0',
      backingDevice: 'CPU:0',
      precision: 'float32' as const,
    },
    ...{ seconds: 1, resumed: false },
    ...(count === undefined
      ? {}
      : { soups: [{ stage: 'fine-tune', epochs: Array.from({ length: count }, (_, epoch) => epoch), tuneLoss: 0.1 }] }),
  })),
});

it.each<[Parameters<typeof soupLines>[0], string[]]>([
  [{ members: [model('wide', [undefined])] }, []],
  [{ members: [model('wide', [3])] }, ['soup of wide, stage fine-tune: the mean of 3 epochs']],
  [{ members: [model('wide', [1])] }, ['soup of wide, stage fine-tune: the mean of 1 epoch']],
  [
    { members: [model('wide', [1, 3])], student: model('student', [2, 2]) },
    [
      'soup of wide, stage fine-tune: the mean of 1 to 3 epochs in each of 2 trainings',
      'soup of student, stage fine-tune: the mean of 2 epochs in each of 2 trainings',
    ],
  ],
])('case %#', (report, lines) => expect(soupLines(report)).toEqual(lines));
