/** The worker thread of a lane: initializes TensorFlow on the lane's device and runs one task after another. */
import { initRuntime } from '@chorus/runtime';
import { Piscina } from 'piscina';
import { computeFeatures } from './compute-features.ts';
import { explain } from './explain.ts';
import type { ImageFunction } from './image-function.ts';
import { KeptModels } from './kept-models.ts';
import type { LaneContext } from './lane-context.ts';
import { countProgressIn, prepareBatch, startTask } from './lane-progress.ts';
import { wrapObserver } from './observer-port.ts';
import { predict } from './predict.ts';
import type { LaneObserver, LaneRequest, LaneResult, LaneStartup, LaneTask } from './protocol.ts';
import { StopFlag } from './stop-flag.ts';
import { type Outcome, outcomeOf } from './thread-outcome.ts';
import { trainMember } from './train-member.ts';

const startup = Piscina.workerData as LaneStartup;
const stop = new StopFlag(startup.stop);
const models = new KeptModels<ImageFunction>();
countProgressIn(startup.progress);

/** Called by piscina, one task at a time. */
export default function runTask(request: LaneRequest): Promise<Outcome<LaneResult<LaneTask> | null>> {
  return outcomeOf(() => runObserved(request));
}

// --- internal ---

async function runObserved({ task, observer: port, startedAtMs }: LaneRequest): Promise<LaneResult<LaneTask> | null> {
  if (task.kind === 'release') {
    await models.release();
    port.close();
    return null;
  }
  startTask();
  const { observer: remote, flush, close } = wrapObserver(port);
  const observer: LaneObserver = {
    ...remote,
    onStage(...stage) {
      // Its functions are compiled.
      prepareBatch();
      remote.onStage(...stage);
    },
  };
  try {
    const { device, backingDevice } = initRuntime(startup.runtime);
    new Float64Array(startedAtMs)[0] = Date.now();
    const result = await run(task, { device, backingDevice, observer, stop, compute: startup.compute, models });
    await flush(task.name);
    return result;
  } finally {
    close();
  }
}

async function run(task: LaneTask, lane: LaneContext): Promise<LaneResult<LaneTask>> {
  switch (task.kind) {
    case 'features':
      return computeFeatures(task, lane);
    case 'train':
      await models.releaseLatest();
      return trainMember(task, lane);
    case 'predict':
      return predict(task, lane);
    case 'explain':
      return explain(task, lane);
  }
}
