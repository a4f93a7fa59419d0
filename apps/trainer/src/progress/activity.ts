import type { RunObserver } from '@chorus/orchestration';
import { stageText } from './stage-names.ts';

type Stage = Parameters<RunObserver['onStage']>[1];
type Batch = Parameters<RunObserver['onBatch']>[1];

/** What a run does at the moment, in words. */
export class Activity {
  /** Of the run as a whole; said while no task runs. */
  phase = 'preparing: weights, images and devices';
  /** What each running task does, by its name. */
  readonly #tasks = new Map<string, string>();

  start(task: string, device: string): void {
    this.#tasks.set(task, `started on ${device}`);
  }

  end(task: string): void {
    this.#tasks.delete(task);
  }

  stage(task: string, stage: Stage): void {
    if (this.#tasks.has(task)) this.#tasks.set(task, stageText(stage));
  }

  batch(task: string, { stage, epochIndex, stepIndex, stepCount }: Batch): void {
    const epoch = stage === 'features' ? '' : ` epoch ${epochIndex + 1},`;
    this.#tasks.set(task, `${stageText(stage)}${epoch} step ${stepIndex + 1} of ${stepCount}`);
  }

  /** Such as `wide: head epoch 3, step 4 of 10; slim: predicting`. */
  describe(): string {
    if (this.#tasks.size === 0) return this.phase;
    return [...this.#tasks].map(([task, text]) => `${task}: ${text}`).join('; ');
  }
}
