import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import { StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { Slices } from '../run/slices.ts';
import { type AuditedImages, auditRun, reportLabelAudit } from './label-audit.ts';
import { issuesCsv, runIssuesCsv } from './label-issues-csv.ts';
import { readRunIssues } from './read-run-issues.ts';

const classes = ['a', 'b, c'];

/** Images of two classes in turn; the classifier is sure of the other class for the given rows. */
function imagesOf(folder: string, count: number, wrong: ReadonlyMap<number, number>): AuditedImages {
  return {
    paths: Array.from({ length: count }, (_, row) => `${folder}/${row}.jpg`),
    labels: Int32Array.from({ length: count }, (_, row) => row % 2),
    probabilities: Float32Array.from(
      Array.from({ length: count }, (_, row) => {
        const right = wrong.get(row) ?? 0.9375;
        return row % 2 === 0 ? [right, 1 - right] : [1 - right, right];
      }).flat(),
    ),
  };
}

const training = imagesOf(
  'train',
  80,
  new Map([
    [7, 0.03125],
    [20, 0.015625],
  ]),
);
const test = imagesOf('test', 40, new Map([[4, 0.0234375]]));

describe('auditRun', () => {
  it('finds the implausible labels of both sets, the worst first', async () => {
    const audit = await auditRun(training, test, classes, new Slices());
    expect(audit.training!.examined).toBe(80);
    expect(audit.training!.issues.map(({ path }) => path)).toEqual(['train/20.jpg', 'train/7.jpg']);
    expect(audit.test).toEqual({
      examined: 40,
      issues: [
        {
          ...{ path: 'test/4.jpg', label: 'a', suggested: 'b, c' },
          ...{ probabilityOfLabel: 0.0234375, probabilityOfSuggested: 0.9765625, score: 0.0234375 },
        },
      ],
    });
  });

  it('audits no training images without out-of-fold predictions', async () => {
    const audit = await auditRun(null, test, classes, new Slices());
    expect(audit.training).toBeNull();
    expect(reportLabelAudit(audit)).toMatchObject({ training: null, test: { examined: 40, implausible: 1 } });
    expect(runIssuesCsv(audit).trim().split('\n')).toHaveLength(2);
  });

  it('stops once a stop is requested', async () => {
    const stop = new StopFlag();
    stop.raise();
    await expect(auditRun(training, test, classes, new Slices(stop))).rejects.toThrow(StoppedError);
  });
});

describe('reportLabelAudit', () => {
  it('counts all issues, lists the worst 20, and says which labels the accuracies are measured with', async () => {
    const wrong = new Map(Array.from({ length: 25 }, (_, index) => [3 * index, (25 - index) / 1024]));
    const audit = await auditRun(imagesOf('train', 400, wrong), test, classes, new Slices());
    const section = reportLabelAudit(audit);
    expect(section.note).toContain('with the labels as they are');
    expect(section.training).toMatchObject({ examined: 400, implausible: 25 });
    expect(section.training!.worst.map(({ path }) => path)).toEqual(
      Array.from({ length: 20 }, (_, index) => `train/${3 * (24 - index)}.jpg`),
    );
  });
});

describe('runIssuesCsv', () => {
  it('has the issues of both sets in one order, with quoted names', async () => {
    const audit = await auditRun(training, test, classes, new Slices());
    expect(runIssuesCsv(audit)).toBe(
      [
        'path,set,label,suggested,probabilityOfLabel,probabilityOfSuggested,score',
        'train/20.jpg,training,a,"b, c",0.0156250000,0.984375000,0.0156250000',
        'test/4.jpg,test,a,"b, c",0.0234375000,0.976562500,0.0234375000',
        'train/7.jpg,training,"b, c",a,0.0312500000,0.968750000,0.0312500000',
        '',
      ].join('\n'),
    );
    expect(issuesCsv(audit.test.issues)).toBe(
      'path,label,suggested,probabilityOfLabel,probabilityOfSuggested,score\ntest/4.jpg,a,"b, c",0.0234375000,0.976562500,0.0234375000\n',
    );
  });
});

it('readRunIssues reads what a run has written, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-issues-'));
  try {
    const audit = await auditRun(
      { ...training, paths: training.paths.map((path) => `7,"\n${path}`) },
      test,
      classes,
      new Slices(),
    );
    const file = join(folder, 'label-issues.csv');
    await writeFile(file, runIssuesCsv(audit));
    const issues = await readRunIssues(file);
    expect(issues.map(({ path, set }) => [path, set])).toEqual([
      ['7,"\ntrain/20.jpg', 'training'],
      ['test/4.jpg', 'test'],
      ['7,"\ntrain/7.jpg', 'training'],
    ]);
    expect(issues[1]).toEqual({ ...audit.test.issues[0]!, set: 'test' });
    for (const content of ['path,set\na,test\n', '"'])
      await writeFile(file, content).then(() => expect(readRunIssues(file)).rejects.toThrow(StorageError));
    await expect(readRunIssues(join(folder, 'none'))).rejects.toThrow(StorageError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
