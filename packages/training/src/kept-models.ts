/** Models that a lane's thread keeps between tasks, to build and compile them only once. */
import { type Classifier, memberFromBytes } from '@chorus/models';
import { type ImagePredictor, prepareImagePredictor } from './predict-images.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { PredictTask } from './protocol.ts';

export class KeptModels {
  readonly #models = new Map<string, { classifier: Classifier; predictor: ImagePredictor }>();
  readonly #compute: ComputeSettings;

  constructor(compute: ComputeSettings) {
    this.#compute = compute;
  }

  /**
   * Runs `use` with the task's model, which is built unless it has been kept.
   *
   * @throws ModelError when manifest and weights do not match; nothing is kept then.
   */
  async with<T>(task: PredictTask, use: (predictor: ImagePredictor) => Promise<T>): Promise<T> {
    const kept = task.keepAs === undefined ? undefined : this.#models.get(task.keepAs);
    if (kept !== undefined) return use(kept.predictor);
    const classifier = memberFromBytes(task.manifest, task.weights);
    const { testTimeAugmentation, imageCount = task.indices.length } = task;
    const predictor = prepareImagePredictor(classifier, { testTimeAugmentation, imageCount }, this.#compute);
    if (task.keepAs !== undefined) {
      this.#models.set(task.keepAs, { classifier, predictor });
      return use(predictor);
    }
    try {
      return await use(predictor);
    } finally {
      predictor.dispose();
      classifier.dispose();
    }
  }

  /** Disposes every model. */
  release(): void {
    for (const { classifier, predictor } of this.#models.values()) {
      predictor.dispose();
      classifier.dispose();
    }
    this.#models.clear();
  }
}
