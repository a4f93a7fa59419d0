/** The time of a run with a budget. */
export class TimeLeft {
  readonly #budgetSeconds: number;
  readonly #startedAtMs: number;
  readonly #spentBeforeSeconds: number;
  readonly #now: () => number;

  /**
   * @param startedAtMs when this part of the run started, milliseconds since the Unix epoch.
   * @param spentBeforeSeconds wall time of the parts before it.
   */
  constructor(
    {
      budgetSeconds,
      startedAtMs,
      spentBeforeSeconds,
    }: Record<'budgetSeconds' | 'startedAtMs' | 'spentBeforeSeconds', number>,
    now: () => number = Date.now,
  ) {
    this.#budgetSeconds = budgetSeconds;
    this.#startedAtMs = startedAtMs;
    this.#spentBeforeSeconds = spentBeforeSeconds;
    this.#now = now;
  }

  get budgetSeconds(): number {
    return this.#budgetSeconds;
  }

  /** Wall time of all parts of the run so far. */
  get spentSeconds(): number {
    return this.#spentBeforeSeconds + (this.#now() - this.#startedAtMs) / 1000;
  }

  /** Negative once the budget is exceeded. */
  get seconds(): number {
    return this.#budgetSeconds - this.spentSeconds;
  }

  /** When the budget ends, milliseconds since the Unix epoch. */
  get endsAtMs(): number {
    return this.#startedAtMs + 1000 * (this.#budgetSeconds - this.#spentBeforeSeconds);
  }
}
