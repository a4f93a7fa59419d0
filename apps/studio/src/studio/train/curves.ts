/** The learning curves of a member, from the epochs of its tasks. */
import type { Epoch, MemberProgress, TaskState } from '@chorus/studio-api/protocol';

export interface Training {
  task: TaskState;
  epochs: NumberedEpoch[];
  /** Epochs before each stage. */
  stages: { name: string; x: number }[];
}

/** `x`: number of epochs until its end, over all stages. */
export interface NumberedEpoch extends Epoch {
  x: number;
}

/** The trainings of a member that have begun; the first one is shown in full, the others thinly. */
export function trainingsOf({ tasks }: MemberProgress): Training[] {
  return tasks
    .filter(({ kind, epochs, batch }) => kind === 'training' && (epochs.length > 0 || batch !== null))
    .map((task) => {
      const names = [...new Set(task.epochs.map(({ stage }) => stage))];
      // A resumed training repeats an epoch, whose place is not at the end.
      const epochs = names
        .flatMap((name) =>
          task.epochs.filter(({ stage }) => stage === name).toSorted((a, b) => a.epochIndex - b.epochIndex),
        )
        .map((epoch, index) => ({ ...epoch, x: index + 1 }));
      const stages = names.map((name) => ({ name, x: epochs.findIndex(({ stage }) => stage === name) }));
      return { task, epochs, stages };
    });
}

/** [epoch, value] of a curve; a loss that is not finite is no point. */
export function pointsOf({ epochs }: Training, key: 'loss' | 'tuneLoss' | 'tuneAccuracy'): [number, number][] {
  return epochs.flatMap(({ x, [key]: value }): [number, number][] => (value === null ? [] : [[x, value]]));
}

/**
 * Where a running epoch stands.
 *
 * @returns [epochs until now with a part of the running one, loss of the batch]; undefined if no step is running.
 */
export function runningPoint({ task: { batch }, epochs }: Training): [number, number] | undefined {
  if (batch === null || batch.loss === null || batch.stepCount === 0) return undefined;
  return [epochs.length + (batch.stepIndex + 1) / batch.stepCount, batch.loss];
}
