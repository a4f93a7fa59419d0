/** Learning rate schedule of a stage. */
export type LearningRate = { kind: 'constant'; value: number };

/**
 * The learning rate of one step. A new kind of schedule needs a case here and in {@link LearningRate}.
 *
 * @param at `epochIndex` and `stepIndex` from 0, the latter within the epoch.
 */
export function learningRateAt(
  schedule: LearningRate,
  _at: { epochIndex: number; stepIndex: number; epochCount: number; stepCount: number },
): number {
  switch (schedule.kind) {
    case 'constant':
      return schedule.value;
  }
}
