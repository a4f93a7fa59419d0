import { afterEach, describe, expect, it, vi } from 'vitest';
import { progressFor } from './progress-for.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What the stream and the console receive when a run warns. */
function outputOf(terminal: { isTTY?: boolean; columns?: number }, environment: Record<string, string | undefined>) {
  for (const [name, value] of Object.entries({ CI: undefined, TERM: 'xterm', ...environment })) vi.stubEnv(name, value);
  const written: string[] = [];
  const logged: unknown[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void logged.push(line));
  const progress = progressFor({ ...terminal, write: (text) => written.push(text) });
  progress.observer.onWarning?.('wide', 'a warning');
  progress.end();
  return { written, logged };
}

describe('progressFor', () => {
  it.each<[string, { isTTY?: boolean; columns?: number }, Record<string, string | undefined>]>([
    ['a pipe', {}, {}],
    ['a terminal of 20 columns', { isTTY: true, columns: 20 }, {}],
    ['a terminal of 59 columns', { isTTY: true, columns: 59 }, {}],
    ['a terminal of unknown width', { isTTY: true }, {}],
    ['continuous integration', { isTTY: true, columns: 80 }, { CI: 'true' }],
    ['a terminal that only prints', { isTTY: true, columns: 80 }, { TERM: 'dumb' }],
  ])('48: prints plain lines for %s', (_, terminal, environment) => {
    expect(outputOf(terminal, environment)).toEqual({ written: ['wide: warning: a warning\n'], logged: [] });
  });

  it('shows bars, with warnings above them, on a terminal of 60 columns', () => {
    const { written, logged } = outputOf({ isTTY: true, columns: 60 }, {});
    expect({ written, logged }).toEqual({ written: [], logged: ['wide: warning: a warning'] });
  });
});
