import type { RunObserver } from '@chorus/orchestration';

/** Displays the progress of a run. */
export interface Progress {
  observer: Partial<RunObserver>;
  /** Prints a line between the others. */
  note(text: string): void;
  /** Ends the display; may be called more than once. */
  end(): void;
}
