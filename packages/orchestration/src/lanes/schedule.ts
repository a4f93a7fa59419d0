/** Gives tasks to free lanes, the longest first, and returns the results in the order of the tasks. */

export interface Scheduled<Task> {
  task: Task;
  /** Any measure of its duration; only the order matters. */
  cost: number;
  /** Index of the only lane that may run it. */
  pinnedTo?: number | undefined;
  /** Index of a task that must settle, successfully or not, before this one starts. */
  after?: number | undefined;
}

/**
 * Runs every task on some lane, one at a time per lane. A task that throws does not stop the others.
 *
 * @returns a settled result per task, in the given order, whatever the order in which the lanes finished.
 */
export async function runOnLanes<Lane, Task, Result>(
  lanes: readonly Lane[],
  tasks: readonly Scheduled<Task>[],
  run: (lane: Lane, task: Task, laneIndex: number) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const results = new Array<PromiseSettledResult<Result>>(tasks.length);
  const waiting = tasks.map((_, index) => index).toSorted((a, b) => tasks[b]!.cost - tasks[a]!.cost || a - b);
  let oneSettles = nextTime();

  async function serve(lane: Lane, laneIndex: number): Promise<void> {
    for (;;) {
      const open = waiting.filter((index) => (tasks[index]!.pinnedTo ?? laneIndex) === laneIndex);
      if (open.length === 0) return;
      const index = open.find((one) => isReady(tasks[one]!.after));
      if (index === undefined) {
        // The task that they wait for runs on another lane.
        await oneSettles.promise;
        continue;
      }
      waiting.splice(waiting.indexOf(index), 1);
      try {
        results[index] = { status: 'fulfilled', value: await run(lane, tasks[index]!.task, laneIndex) };
      } catch (reason) {
        results[index] = { status: 'rejected', reason };
      }
      oneSettles.resolve();
      oneSettles = nextTime();
    }
  }

  const isReady = (after: number | undefined) => after === undefined || results[after] !== undefined;
  const lost = waiting.filter((index) => (tasks[index]!.pinnedTo ?? 0) >= lanes.length);
  if (lost.length > 0) throw new Error(`tasks ${lost.join(', ')} are pinned to lanes that do not exist`);
  await Promise.all(lanes.map(serve));
  return results;
}

// --- internal ---

function nextTime(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
