/** Assigns tasks to free lanes and returns the results in the order of the tasks. */

export interface Scheduled<Task> {
  task: Task;
  /** Any measure of its duration; only comparisons matter. */
  cost: number;
  /** Tasks of one group need the same model, which a lane builds once for consecutive ones. */
  group?: string | undefined;
  /** Index of the only lane that may run it. */
  pinnedTo?: number | undefined;
  /** Whether it runs only while no other task does, after all that can run together. */
  alone?: boolean | undefined;
  /** Indices of tasks that must settle, successfully or not, before this one starts. */
  after?: readonly number[] | undefined;
}

/**
 * Runs every task on some lane, one at a time per lane. A task that throws does not stop the others.
 *
 * A free lane continues with its group, unless a task outside all groups costs more than is left of the group. Otherwise, it
 * takes the costliest task outside groups, since no other lane can share it, or starts the group with the most work left.
 * Groups that another lane works on come last.
 *
 * @returns a settled result per task, in the order of the tasks.
 */
export async function runOnLanes<Lane, Task, Result>(
  lanes: readonly Lane[],
  tasks: readonly Scheduled<Task>[],
  run: (lane: Lane, task: Task, laneIndex: number) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const results = new Array<PromiseSettledResult<Result>>(tasks.length);
  const waiting = new Set(tasks.keys());
  const running = new Set<number>();
  let oneSettles = nextTime();
  /** The group that each lane works on. */
  const groups = new Array<string | undefined>(lanes.length);

  async function serve(lane: Lane, laneIndex: number): Promise<void> {
    for (;;) {
      const open = [...waiting].filter((index) => (tasks[index]!.pinnedTo ?? laneIndex) === laneIndex);
      if (open.length === 0) return;
      const index = chooseTask(startable(open.filter(isReady)), groups[laneIndex]);
      if (index === undefined) {
        // The remaining tasks wait for one that runs on another lane.
        await oneSettles.promise;
        continue;
      }
      waiting.delete(index);
      running.add(index);
      groups[laneIndex] = tasks[index]!.group;
      try {
        results[index] = { status: 'fulfilled', value: await run(lane, tasks[index]!.task, laneIndex) };
      } catch (reason) {
        results[index] = { status: 'rejected', reason };
      }
      running.delete(index);
      oneSettles.resolve();
      oneSettles = nextTime();
    }
  }

  const isReady = (index: number) => (tasks[index]!.after ?? []).every((other) => results[other] !== undefined);

  function startable(ready: readonly number[]): readonly number[] {
    if ([...running].some((index) => tasks[index]!.alone)) return [];
    const together = ready.filter((index) => !tasks[index]!.alone);
    return together.length > 0 || running.size > 0 ? together : ready;
  }

  function chooseTask(ready: readonly number[], group: string | undefined): number | undefined {
    const workLeft = new Map<string, number>();
    for (const index of waiting) {
      const { group: one, cost } = tasks[index]!;
      if (one !== undefined) workLeft.set(one, (workLeft.get(one) ?? 0) + cost);
    }
    const [whole] = ready
      .filter((index) => tasks[index]!.group === undefined)
      .toSorted((a, b) => tasks[b]!.cost - tasks[a]!.cost || a - b);
    const next = group === undefined ? undefined : ready.find((index) => tasks[index]!.group === group);
    if (next !== undefined && (whole === undefined || tasks[whole]!.cost < workLeft.get(group!)!)) return next;
    if (whole !== undefined) return whole;
    const left = (index: number) => workLeft.get(tasks[index]!.group!)!;
    const isShared = (index: number) => Number(groups.includes(tasks[index]!.group));
    return ready.toSorted((a, b) => isShared(a) - isShared(b) || left(b) - left(a) || a - b)[0];
  }

  const lost = [...waiting].filter((index) => (tasks[index]!.pinnedTo ?? 0) >= lanes.length);
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
