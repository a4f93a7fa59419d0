/** Steps that process fewer images at once, for a device or a system without enough memory. */
import { isOutOfMemory, RuntimeError } from '@chorus/runtime';
import type { LaneContext } from './lane-context.ts';
import type { StagePlan } from './plan.ts';
import type { TrainTask } from './protocol.ts';

/** Images that a step processes at once; undefined for the whole batch. The plan stays the same, so that checkpoints fit. */
export function microBatchSizeOf({ batchSize, microBatchSize }: StagePlan, halvings = 0): number | undefined {
  if (halvings === 0) return microBatchSize;
  return Math.ceil((microBatchSize ?? batchSize) / 2 ** halvings);
}

/**
 * Runs a training. If TensorFlow has no memory for a tensor, runs it once more, from its last checkpoint, with half as many images at once.
 *
 * @throws RuntimeError with advice if the memory does not suffice then either.
 */
export async function withHalvedBatches<Result>(
  task: TrainTask,
  { device, observer }: Pick<LaneContext, 'device' | 'observer'>,
  train: (task: TrainTask) => Promise<Result>,
): Promise<Result> {
  for (let attempt = task; ; attempt = { ...task, halvings: (task.halvings ?? 0) + 1 }) {
    try {
      return await train(attempt);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      const shortage = `memory of ${device} does not suffice: ${reasonOf(error)}`;
      if (attempt !== task || !canHalve(task))
        throw new RuntimeError(`the ${shortage} Start a run with ${adviceFor(attempt)}.`, { cause: error });
      observer.onWarning(task.name, `The ${shortage} The training goes on with half as many images at once.`);
    }
  }
}

// --- internal ---

function largestMicroBatch({ member, halvings }: TrainTask): number {
  return Math.max(...member.stages.map((stage) => microBatchSizeOf(stage, halvings) ?? stage.batchSize));
}

function canHalve(task: TrainTask): boolean {
  return largestMicroBatch(task) > 1;
}

function adviceFor(task: TrainTask): string {
  const smaller = 'smaller images or fewer members on this device';
  if (!canHalve(task)) return smaller;
  const recipe = task.teacher === undefined ? 'recipe' : 'student.recipe';
  return `--set ${recipe}.microBatchSize=${Math.floor(largestMicroBatch(task) / 2)}, ${smaller}`;
}

/** TensorFlow's reason, as a sentence: without its status, the place in its graph, and its hint. */
function reasonOf(error: unknown): string {
  const message = (error as Error).message.replace(/^Invalid TF_Status: \d+\nMessage: /, '');
  const reason = /OOM when allocating [^\n]*/.exec(message)?.[0] ?? message.split('\n')[0]!;
  return reason.endsWith('.') ? reason : `${reason}.`;
}
