import { type LineStream, setupLines } from '@chorus/orchestration/setup-lines';
import { barProgress } from './bars.ts';
import { lineProgress } from './lines.ts';
import type { Progress } from './progress.ts';

/** Live bars on a terminal; plain lines under turbo, in a pipe, in CI, or in a terminal too narrow for bars. */
export function progressFor(stream: LineStream): Progress {
  const live =
    stream.isTTY && (stream.columns ?? 0) >= 60 && process.env.CI === undefined && process.env.TERM !== 'dumb';
  const progress = live ? barProgress() : lineProgress((line) => stream.write(`${line}\n`));
  return { ...progress, observer: { ...progress.observer, onSetup: setupLines(stream) } };
}
