import type { RunObserver } from '@chorus/orchestration';

/**
 * Measures the prediction share of the time in which members train and predict on concurrent lanes: time is weighted by the
 * fraction of busy lanes that are predicting.
 */
export class PredictingShare implements Partial<RunObserver> {
  ms = 0;
  readonly #atWork = new Map<string, 'training' | 'predicting'>();
  readonly #now: () => number;
  #countedUntilMs: number;

  /** @param now milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#countedUntilMs = now();
  }

  onStage = (task: string, stage: string): void => {
    const nowMs = this.#now();
    const predictingCount = [...this.#atWork.values()].filter((work) => work === 'predicting').length;
    if (predictingCount > 0) this.ms += ((nowMs - this.#countedUntilMs) * predictingCount) / this.#atWork.size;
    this.#countedUntilMs = nowMs;
    if (stage === 'done') this.#atWork.delete(task);
    else this.#atWork.set(task, stage === 'predict' ? 'predicting' : 'training');
  };
}
