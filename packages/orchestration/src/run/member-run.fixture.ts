/** A prepared run of small members on drawn images, with real lanes, for tests of the parts of a run. */
import { join } from 'node:path';
import { prepareProcess } from '@chorus/runtime';
import { StopFlag } from '@chorus/training';
import type { ExperimentInput } from '../experiment/schema.ts';
import { type Isolation, openIsolation } from '../lanes/isolation.ts';
import { Lane } from '../lanes/lane.ts';
import { smallExperiment } from '../small-experiment.fixture.ts';
import { describeIncident } from '../supervise/incident.ts';
import { observerFrom, type RunObserver } from './observer.ts';
import { type Preparation, prepareRun } from './preparation.ts';
import { openRunFolder, type RunFolder, type RunStart } from './run-folder.ts';
import type { MemberRun } from './train-members.ts';

export interface PreparedRun extends MemberRun {
  preparation: Preparation;
  start: RunStart;
  folder: RunFolder;
  lanes: readonly Lane[];
  /** Ends the lanes and releases the folder. */
  close(): Promise<void>;
}

/**
 * Prepares a run of the members `wide` and `slim` in the folder `name` of `parent`, whose folder `data` has the images.
 */
export async function preparedRun(
  parent: string,
  changes: Partial<ExperimentInput> = {},
  partialObserver: Partial<RunObserver> = {},
  name = 'run',
): Promise<PreparedRun> {
  prepareProcess();
  const observer = observerFrom(partialObserver);
  const stop = new StopFlag();
  const input: Partial<ExperimentInput> = {
    ...smallExperiment(join(parent, 'data')),
    ...changes,
  };
  const out = join(parent, name);
  const preparation = await prepareRun(input, { folder: undefined, out, stop }, observer);
  const { experiment, dataset, plan, compute } = preparation;
  const folder = await openRunFolder(out, 'new');
  const start: RunStart = {
    ...{
      schemaVersion: 3,
      preset: 'none',
      versions: {},
      datasetFingerprint: dataset.fingerprint,
      forward: preparation.forward,
      experiment,
    },
  };
  await folder.writeStart(start);
  const onIncident: Isolation['onIncident'] = (incident) => {
    throw new Error(describeIncident(incident));
  };
  const isolation = experiment.runtime.isolate
    ? await openIsolation({ folder: folder.laneMemory, stop, watchdogSeconds: experiment.watchdogSeconds, onIncident })
    : undefined;
  const lanes = preparation.lanes.lanes.map(
    (runtime, index) => new Lane({ runtime, compute: compute[index]!, stop: stop.shared }, observer, { isolation }),
  );
  return {
    ...{ preparation, start, plan, dataset, lanes, folder, observer, stop },
    reads: new SharedArrayBuffer(dataset.images.length),
    checkpointSeconds: 60 * experiment.checkpointMinutes,
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
      isolation?.files.close();
      await folder.release();
    },
  };
}
