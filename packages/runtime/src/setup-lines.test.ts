import { describe, expect, it } from 'vitest';
import type { SetupProgress } from './native/setup-step.ts';
import { setupLines } from './setup-lines.ts';

const intro = 'native runtime: setting it up; once per user and version\n';

/** Returns the reporter's output. */
function written(stream: { isTTY?: boolean; columns?: number }, progress: SetupProgress[]): string[] {
  const texts: string[] = [];
  const report = setupLines({ ...stream, write: (text) => texts.push(text) });
  for (const one of progress) report(one);
  return texts;
}

const step = 'downloading tensorflow-cpu==2.21.0';
const begun: SetupProgress = { state: 'begun', step, elapsedMs: 0 };
const running = (seconds: number): SetupProgress => ({
  state: 'running',
  step,
  elapsedMs: seconds * 1000,
  writtenBytes: seconds * 4e6,
  totalBytes: 268e6,
});
const done: SetupProgress = { ...running(65), state: 'done', writtenBytes: 268e6 };

describe('setupLines', () => {
  it('writes a line at the beginning, every 10 s and at the end', () => {
    const everySecond = Array.from({ length: 64 }, (_, index) => running(index + 1));
    expect(written({}, [begun, ...everySecond, done])).toEqual([
      intro,
      `native runtime: ${step}\n`,
      ...[10, 20, 30, 40, 50, 60].map((seconds) => `native runtime: ${step}: ${seconds * 4} of 268 MB, ${seconds} s\n`),
      `native runtime: ${step}: done, 268 MB, 65 s\n`,
    ]);
  });

  it('restarts the interval at each step', () => {
    const compiling = { step: 'compiling', elapsedMs: 0 };
    const texts = written({}, [
      begun,
      running(19),
      done,
      { ...compiling, state: 'begun' },
      { ...compiling, state: 'running', elapsedMs: 9000 },
      { ...compiling, state: 'running', elapsedMs: 11_000 },
    ]);
    expect(texts.slice(-2)).toEqual(['native runtime: compiling\n', 'native runtime: compiling: 11 s\n']);
  });

  it('updates one line per step on a terminal, truncated to its width', () => {
    const failed: SetupProgress = { state: 'failed', step: 'x', elapsedMs: 2000 };
    expect(written({ isTTY: true, columns: 60 }, [begun, running(1), done, { ...begun, step: 'x' }, failed])).toEqual([
      intro,
      `\r\x1b[Knative runtime: ${step}`,
      '\r\x1b[Knative runtime: downloading tensorflow-cpu==2.21.0: 4 of 26',
      '\r\x1b[Knative runtime: downloading tensorflow-cpu==2.21.0: done, 2\n',
      '\r\x1b[Knative runtime: x',
      '\r\x1b[Knative runtime: x: failed, 2 s\n',
    ]);
  });
});
