/** What a child is to do; the JSON of its only argument. */
export interface ChildTask {
  /** URL of a module that exports `targets`. */
  module: string;
  target: string;
  seed: number;
  firstIteration: number;
  /** Iterations, or time; the child ends after the first of both. */
  maxCount: number;
  seconds: number;
  /** An empty folder for its files. */
  folder: string;
}

/**
 * In this order: `ready`, then for each input `begins`, `failed` if it failed, and `ready` again; in the end, `done`, or `spent` if another
 * process must go on.
 */
export type ChildMessage =
  | { kind: 'ready' }
  | { kind: 'begins'; iteration: number }
  | { kind: 'failed'; iteration: number; reason: string }
  | { kind: 'spent'; nextIteration: number }
  | { kind: 'done' };
