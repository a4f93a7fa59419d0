import type { RunObserver } from '@chorus/orchestration';
import { printable } from '../print/printable.ts';
import { unusedEntries } from '../print/unused-entries.ts';

type DatasetFound = Parameters<RunObserver['onDataset']>[0];

/** How the data folder was read and which entries are not used; printed before training begins. */
export function datasetLines({ skipped, found }: Pick<DatasetFound, 'skipped' | 'found'>): string[] {
  const { hidden, beyondLimit, notices } = found;
  return [
    ...notices.map((notice) => `note: ${printable(notice)}`),
    ...unusedEntries(
      { skipped, beyondLimit, hidden: { count: hidden.length, paths: hidden } },
      'the report will list all of them in dataset.skipped',
    ),
  ];
}
