/** What a lane does, in a thread or in a process of its own: initializes TensorFlow on its device and runs one task after another. */
import { initRuntime } from '@chorus/runtime';
import { computeFeatures } from './compute-features.ts';
import { explain } from './explain.ts';
import type { ImageFunction } from './image-function.ts';
import { KeptModels } from './kept-models.ts';
import type { LaneContext } from './lane-context.ts';
import { countProgressIn, prepareBatch, startTask } from './lane-progress.ts';
import { predict } from './predict.ts';
import type { LaneObserver, LaneResult, LaneStartup, LaneTask, ReleaseTask } from './protocol.ts';
import { StopFlag } from './stop-flag.ts';
import { trainMember } from './train-member.ts';

/** What receives the events of a task. */
export interface TaskEvents {
  observer: LaneObserver;
  /** Called when TensorFlow is loaded and the task starts. */
  onStart(): void;
}

/**
 * Prepares this thread, or the main thread of this process, to run tasks.
 *
 * @returns a function that runs a task. Call it with one task at a time; it throws what the task throws.
 */
export function laneRunner(
  startup: LaneStartup,
): (task: LaneTask | ReleaseTask, events: TaskEvents) => Promise<LaneResult<LaneTask> | null> {
  const stop = new StopFlag(startup.stop);
  const models = new KeptModels<ImageFunction>();
  countProgressIn(startup.progress);
  return async (task, { observer: remote, onStart }) => {
    if (task.kind === 'release') {
      await models.release();
      return null;
    }
    startTask();
    const observer: LaneObserver = {
      ...remote,
      onStage(...stage) {
        // Its functions are compiled.
        prepareBatch();
        remote.onStage(...stage);
      },
    };
    const { device, backingDevice } = initRuntime(startup.runtime);
    onStart();
    return run(task, { device, backingDevice, observer, stop, compute: startup.compute, models });
  };
}

// --- internal ---

async function run(task: LaneTask, lane: LaneContext): Promise<LaneResult<LaneTask>> {
  switch (task.kind) {
    case 'features':
      return computeFeatures(task, lane);
    case 'train':
      await lane.models.releaseLatest();
      return trainMember(task, lane);
    case 'predict':
      return predict(task, lane);
    case 'explain':
      return explain(task, lane);
  }
}
