/** `chorus train` as a contestant: one step is a whole run, into a temporary folder. */
import { join } from 'node:path';
import { stackerFoldCount, train } from '@chorus/orchestration';
import { withTemporaryFolder } from '@chorus/storage';
import type { ExperimentTask } from './experiment-task.ts';
import { PredictingShare } from './predicting-share.ts';
import type { RoundSeconds } from './protocol.ts';
import { serve } from './serve.ts';

await serve(async ({ experiment }: ExperimentTask) => ({
  prepared: { versions: { node: process.versions.node }, stepSeconds: null },
  run: () => runOnce(experiment),
}));

// --- internal ---

async function runOnce(experiment: ExperimentTask['experiment']): Promise<RoundSeconds> {
  return withTemporaryFolder('chorus-bench-run', async (folder) => {
    const predicting = new PredictingShare();
    const startedAtMs = Date.now();
    const { report } = await train(experiment, { out: join(folder, 'run'), observer: predicting });
    const total = (Date.now() - startedAtMs) / 1000;
    const { decode, members, stack, test } = report.seconds;
    const answers = predicting.ms / 1000;
    return {
      decode,
      members: members - answers,
      // Member predictions on all images, the stacking and the test.
      'stack stage': answers + stack + test,
      total,
      'head alone': stack / (report.stackers.length * (stackerFoldCount + 1)),
    };
  });
}
