import type { RunObserver } from '@chorus/orchestration';

/** Shows the progress of a run. */
export interface Progress {
  observer: Partial<RunObserver>;
  /** Prints a line between the others. */
  note(text: string): void;
  /** Stops all output; may be called twice. */
  end(): void;
}
