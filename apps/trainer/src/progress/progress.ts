import type { RunObserver } from '@chorus/orchestration';

/** Shows a run while it goes on. */
export interface Progress {
  observer: Partial<RunObserver>;
  /** A line between the others. */
  note(text: string): void;
  /** Takes live bars off the screen; may be called twice. */
  end(): void;
}
