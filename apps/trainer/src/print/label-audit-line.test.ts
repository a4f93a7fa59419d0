import { expect, test } from 'vitest';
import { labelAuditLine } from './label-audit-line.ts';

const path = '/runs/one/label-issues.csv';
const set = (implausible: number, examined: number) => ({ implausible, examined, worst: [] });

test.each<[string, Parameters<typeof labelAuditLine>[0], string[]]>([
  [
    'implausible labels, with the file that lists them',
    { note: '', training: set(7, 2000), test: set(5, 1000) },
    [`implausible labels: 7 of 2000 training images, 5 of 1000 test images; look at the images in ${path}`],
  ],
  [
    'no implausible labels',
    { note: '', training: set(0, 80), test: set(0, 40) },
    ['implausible labels: 0 of 80 training images, 0 of 40 test images'],
  ],
  [
    'test images only',
    { note: '', training: null, test: set(1, 40) },
    [`implausible labels: 1 of 40 test images; look at the images in ${path}`],
  ],
  ['nothing for a run without an audit', null, []],
])('says %s', (_, audit, lines) => expect(labelAuditLine(audit, path)).toEqual(lines));
