import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countProgress } from './count-progress.ts';

let written: string[];
const stream = (isTTY: boolean) => ({ isTTY, write: (text: string) => Boolean(written.push(text)) });

beforeEach(() => {
  written = [];
  vi.stubEnv('CI', undefined);
  vi.stubEnv('TERM', 'xterm');
});
afterEach(() => vi.unstubAllEnvs());

describe('progress over images', () => {
  it('is a line each tenth where it is no terminal, and starts again with another step', () => {
    let nowMs = 0;
    const { update } = countProgress(stream(false), () => nowMs);
    for (const step of ['compared', 'classified'])
      for (let done = 1; done <= 100; done += 1) {
        nowMs += 150;
        update(step, done, 100);
      }
    expect(written).toHaveLength(20);
    expect(written[0]).toBe('compared 10 of 100 images, 6.7 images/s\n');
    expect(written.at(-1)).toMatch(/^classified 100 of 100 images, 6.7 images\/s\n$/);
  });

  it('is one line that is redrawn on a terminal, and can be taken off', () => {
    let nowMs = 0;
    const { update, clear } = countProgress(stream(true), () => nowMs);
    update('classified', 32, 100);
    nowMs = 50;
    update('classified', 33, 100);
    nowMs = 150;
    update('classified', 64, 100);
    clear();
    clear();
    expect(written).toEqual([
      '\r\u001b[Kclassified 32 of 100 images',
      '\r\u001b[Kclassified 64 of 100 images, 213 images/s',
      '\r\u001b[K',
    ]);
  });

  it('is at most one line a second, and none for what takes less', () => {
    let nowMs = 0;
    const { update } = countProgress(stream(false), () => nowMs);
    for (let done = 1; done <= 100; done += 1) {
      nowMs += 25;
      update('compared', done, 100);
    }
    expect(written).toHaveLength(2);
    written = [];
    for (let done = 1; done <= 100; done += 1) {
      nowMs += 9;
      update('classified', done, 100);
    }
    expect(written).toEqual([]);
  });

  it('is nothing for a few images', () => {
    countProgress(stream(false)).update('classified', 32, 32);
    expect(written).toEqual([]);
  });
});
