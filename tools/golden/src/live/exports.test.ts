import { describe, expect, it } from 'vitest';
import { findingsOfExports } from './exports.ts';

const announced = JSON.stringify({ members: ['wide', 'slim'] });
const answer = (name: string, worst: number) =>
  JSON.stringify({ name, check: 'probabilities', worst, limit: 1e-5, where: '' });
const noise = ['stdout | keras.test.ts', ''];

describe('findingsOfExports', () => {
  it('returns a row for every answer if none is missing', () => {
    const lines = [...noise, announced, answer('wide', 1e-6), answer('slim', 2e-6)];
    expect(findingsOfExports({ lines, complaints: [] })).toMatchObject([
      ['wide', [{ worst: 1e-6, limit: 1e-5 }]],
      ['slim', [{ worst: 2e-6, limit: 1e-5 }]],
      ['all', [{ worst: 0, limit: 0 }]],
    ]);
  });

  it('counts missing answers and reports the reason', () => {
    const found = findingsOfExports({ lines: [announced, answer('wide', 1e-6)], complaints: ['cannot be loaded'] });
    expect(found.at(-1)).toMatchObject(['all', [{ worst: 1, limit: 0, where: 'slim; cannot be loaded' }]]);
  });

  it('accepts a test that failed because an answer exceeds its limit', () => {
    const lines = [announced, answer('wide', 1e-6), answer('slim', 1e-4)];
    expect(findingsOfExports({ lines, complaints: ['expected 1 to be 0'] })).toHaveLength(3);
  });

  it('rejects a test that failed for any other reason, or compared nothing', () => {
    const lines = [announced, answer('wide', 1e-6), answer('slim', 1e-6)];
    expect(() => findingsOfExports({ lines, complaints: ['no such file'] })).toThrow('no such file');
    expect(() => findingsOfExports({ lines: noise, complaints: ['no python'] })).toThrow('no python');
    expect(() => findingsOfExports({ lines: noise, complaints: [] })).toThrow('The exports were not compared');
  });
});
