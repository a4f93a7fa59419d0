/** Runs work in turn, one piece after the other, so that two requests never change the same thing at a time. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work after all that was given before, whether that succeeded or failed. */
  run<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Resolves when all work that was given so far has ended. */
  get ended(): Promise<void> {
    return this.#last.then(() => {});
  }
}
