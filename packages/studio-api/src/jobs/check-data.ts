/** Checks a data set in a child process. */
import { type CheckReport, checkRun } from '@chorus/orchestration';
import { experimentOf } from './experiment-of.ts';
import type { JobContext, Settings } from './messages.ts';

/** Shortest time between two reports. */
const quietMs = 100;

/** @throws as `checkRun` and `prepareCandidates` of `@chorus/orchestration`. */
export async function checkData(settings: Settings, { report, signal }: JobContext<'check'>): Promise<CheckReport> {
  const { experiment, preset, others } = await experimentOf(settings);
  let sentAtMs = 0;
  return checkRun(experiment, {
    ...{ base: settings.base, preset, others, signal },
    onDecode(done, total) {
      if (done < total && Date.now() - sentAtMs < quietMs) return;
      sentAtMs = Date.now();
      report({ done, total });
    },
  });
}
