/** Models that a lane's thread keeps between tasks, to build each of them only once. */

export interface KeptModel {
  dispose(): Promise<void>;
}

export class KeptModels<Model extends KeptModel> {
  /** Kept until {@link release}. */
  readonly #kept = new Map<string, Model>();
  /** The last model that is not in `#kept`; kept until another one is needed. */
  #latest: { key: string; model: Model } | undefined;

  /**
   * Returns the model of a key.
   *
   * @param build called unless the thread has the model.
   * @param isKept whether to keep it until {@link release}; otherwise, it is disposed before the next model is built.
   */
  async get(key: string, build: () => Promise<Model>, { isKept }: { isKept: boolean }): Promise<Model> {
    const known = this.#kept.get(key) ?? (this.#latest?.key === key ? this.#latest.model : undefined);
    if (known !== undefined) return known;
    await this.releaseLatest();
    const model = await build();
    if (isKept) this.#kept.set(key, model);
    else this.#latest = { key, model };
    return model;
  }

  /** Disposes the last model, unless it is kept until {@link release}. */
  async releaseLatest(): Promise<void> {
    const latest = this.#latest;
    this.#latest = undefined;
    await latest?.model.dispose();
  }

  /** Disposes every model. */
  async release(): Promise<void> {
    await this.releaseLatest();
    const models = [...this.#kept.values()];
    this.#kept.clear();
    for (const model of models) await model.dispose();
  }
}
