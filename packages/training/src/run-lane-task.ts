/** What the thread of a lane runs. */
import { Piscina } from 'piscina';
import { laneRunner } from './lane-runner.ts';
import { wrapObserver } from './observer-port.ts';
import type { LaneRequest, LaneResult, LaneStartup, LaneTask } from './protocol.ts';
import { type Outcome, outcomeOf } from './thread-outcome.ts';

const run = laneRunner(Piscina.workerData as LaneStartup);

/** Called by piscina, one task at a time. */
export default function runTask({
  task,
  observer: port,
  startedAtMs,
}: LaneRequest): Promise<Outcome<LaneResult<LaneTask> | null>> {
  return outcomeOf(async () => {
    const { observer, flush, close } = wrapObserver(port);
    const onStart = () => {
      new Float64Array(startedAtMs)[0] = Date.now();
    };
    try {
      const result = await run(task, { observer, onStart });
      if (task.kind !== 'release') await flush(task.name);
      return result;
    } finally {
      close();
    }
  });
}
