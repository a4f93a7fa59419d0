import { describe, expect, it } from 'vitest';
import { classifyEnding } from './crash.ts';

describe('the end of a process', () => {
  it.each([
    ['SIGSEGV', 'crashed'],
    ['SIGBUS', 'crashed'],
    ['SIGABRT', 'crashed'],
    ['SIGTRAP', 'crashed'],
    ['SIGKILL', 'killed'],
  ] as const)('39: by %s means that it was %s', (signal, kind) => {
    expect(classifyEnding({ exitCode: null, signal }, 0.1)).toEqual({ kind, ending: signal });
  });

  it.each([
    [139, 'SIGSEGV', 'crashed'],
    [134, 'SIGABRT', 'crashed'],
    [133, 'SIGTRAP', 'crashed'],
    [135, 'SIGBUS', 'crashed'],
    [137, 'SIGKILL', 'killed'],
  ] as const)('39: exit code %i stands for %s', (exitCode, ending, kind) => {
    expect(classifyEnding({ exitCode, signal: null }, 0.1)).toEqual({ kind, ending });
  });

  it('40: an abort with a full heap is an overflow', () => {
    expect(classifyEnding({ exitCode: null, signal: 'SIGABRT' }, 0.9)!.kind).toBe('heap-overflow');
    expect(classifyEnding({ exitCode: null, signal: 'SIGSEGV' }, 0.9)!.kind).toBe('crashed');
  });

  it.each([0, 1, 2, 3, 4, 5, 130, 143, 255])('with exit code %i is its own', (exitCode) => {
    expect(classifyEnding({ exitCode, signal: null }, 0.9)).toBeUndefined();
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('by %s is a wish of the user', (signal) => {
    expect(classifyEnding({ exitCode: null, signal }, 0)).toBeUndefined();
  });
});
