/** Formats the setup's progress: a single updated line on a terminal, plain lines elsewhere. */
import type { OnSetupProgress, SetupProgress } from './native/setup-step.ts';

/** Interval of the plain lines of a long step. */
const silenceMs = 10_000;

/** The parts of a stream such as process.stderr that {@link setupLines} uses. */
export interface LineStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/**
 * Creates a progress reporter for {@link setupRuntime}.
 *
 * @example
 * await setupRuntime(setupLines(process.stderr));
 */
export function setupLines(stream: LineStream): OnSetupProgress {
  let nextMs = silenceMs;
  let isFirst = true;
  return (progress) => {
    const { state, elapsedMs } = progress;
    if (isFirst) stream.write('native runtime: setting it up; once per user and version\n');
    isFirst = false;
    const line = `native runtime: ${describe(progress)}`;
    if (stream.isTTY) {
      const isOver = state === 'done' || state === 'failed';
      const { columns = 80 } = stream;
      stream.write(`\r\x1b[K${line.slice(0, columns - 1)}${isOver ? '\n' : ''}`);
      return;
    }
    if (state === 'running' && elapsedMs < nextMs) return;
    nextMs = elapsedMs + silenceMs;
    stream.write(`${line}\n`);
  };
}

// --- internal ---

function describe({ state, step, elapsedMs, writtenBytes, totalBytes }: SetupProgress): string {
  if (state === 'begun') return step;
  const facts: string[] = state === 'running' ? [] : [state];
  if (writtenBytes !== undefined) facts.push(megabytes(writtenBytes, state === 'done' ? undefined : totalBytes));
  facts.push(`${Math.round(elapsedMs / 1000)} s`);
  return `${step}: ${facts.join(', ')}`;
}

function megabytes(bytes: number, totalBytes: number | undefined): string {
  const inMegabytes = (value: number) => (value / 1e6).toFixed(0);
  return totalBytes === undefined
    ? `${inMegabytes(bytes)} MB`
    : `${inMegabytes(Math.min(bytes, totalBytes))} of ${inMegabytes(totalBytes)} MB`;
}
