import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawKill, systemCalls } from './kill.ts';

const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('drawKill', () => {
  it('stays within the time of an undisturbed run and counts calls from 1', () => {
    fc.assert(
      fc.property(fc.tuple(uniform, uniform, uniform), fc.integer({ min: 1, max: 60_000 }), (numbers, lastingMs) => {
        const left = [...numbers];
        const kill = drawKill(() => left.shift()!, { lastingMs, canTrace: true });
        if (kill.kind === 'call') {
          expect(systemCalls).toContain(kill.call);
          expect(kill.occurrence).toBeGreaterThanOrEqual(1);
        } else {
          expect(kill.afterMs).toBeGreaterThanOrEqual(0);
          expect(kill.afterMs).toBeLessThan(lastingMs);
        }
      }),
    );
  });

  it('kills lanes only if they are processes', () => {
    fc.assert(
      fc.property(fc.tuple(uniform, uniform, uniform), (numbers) => {
        const left = [...numbers];
        expect(drawKill(() => left.shift()!, { lastingMs: 1000, canTrace: true }).kind).not.toBe('lanes');
      }),
    );
    const numbers = [0.999, 0.5];
    const options = { lastingMs: 1000, canTrace: true, isIsolated: true };
    expect(drawKill(() => numbers.shift()!, options)).toEqual({ kind: 'lanes', afterMs: 250 });
  });

  it('traces nothing where that is forbidden', () => {
    fc.assert(
      fc.property(fc.tuple(uniform, uniform, uniform), (numbers) => {
        const left = [...numbers];
        expect(drawKill(() => left.shift()!, { lastingMs: 1000, canTrace: false }).kind).not.toBe('call');
      }),
    );
  });
});
