/** Hands tasks to free lanes, the longest first, and gives the results back in the order of the tasks. */

export interface Scheduled<Task> {
  task: Task;
  /** Any measure of how long it takes; only the order matters. */
  cost: number;
  /** Index of the only lane that may run it. */
  pinnedTo?: number | undefined;
}

/**
 * Runs every task on some lane, one at a time per lane. A task that throws does not keep the others from running.
 *
 * @returns a settled result per task, in the order given, however the lanes finished.
 */
export async function runOnLanes<Lane, Task, Result>(
  lanes: readonly Lane[],
  tasks: readonly Scheduled<Task>[],
  run: (lane: Lane, task: Task, laneIndex: number) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const results = new Array<PromiseSettledResult<Result>>(tasks.length);
  const waiting = tasks.map((_, index) => index).toSorted((a, b) => tasks[b]!.cost - tasks[a]!.cost || a - b);

  async function serve(lane: Lane, laneIndex: number): Promise<void> {
    for (;;) {
      const position = waiting.findIndex((index) => {
        const pinnedTo = tasks[index]!.pinnedTo;
        return pinnedTo === undefined || pinnedTo === laneIndex;
      });
      if (position === -1) return;
      const [index] = waiting.splice(position, 1) as [number];
      try {
        results[index] = { status: 'fulfilled', value: await run(lane, tasks[index]!.task, laneIndex) };
      } catch (reason) {
        results[index] = { status: 'rejected', reason };
      }
    }
  }

  await Promise.all(lanes.map(serve));
  if (waiting.length > 0) throw new Error(`tasks ${waiting.join(', ')} are pinned to lanes that do not exist`);
  return results;
}
