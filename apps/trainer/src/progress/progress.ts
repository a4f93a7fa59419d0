import type { RunObserver } from '@chorus/orchestration';
import { barProgress } from './bars.ts';
import { lineProgress } from './lines.ts';

/** Shows a run while it goes on. */
export interface Progress {
  observer: Partial<RunObserver>;
  /** A line between the others. */
  note(text: string): void;
  /** Takes live bars off the screen; may be called twice. */
  end(): void;
}

/** Live bars on a terminal; plain lines under turbo, in a pipe, in CI, or in a window too narrow for bars. */
export function progressFor(stream: NodeJS.WriteStream): Progress {
  const live =
    stream.isTTY && (stream.columns ?? 0) >= 60 && process.env.CI === undefined && process.env.TERM !== 'dumb';
  return live ? barProgress() : lineProgress((line) => stream.write(`${line}\n`));
}
