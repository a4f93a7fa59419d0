import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mismatch, Tape } from './tape.ts';

type Said = [what: string, key: string, values?: Float32Array];

const said: fc.Arbitrary<Said> = fc.tuple(
  fc.string(),
  fc.string(),
  fc.option(fc.float32Array({ maxLength: 4 }), { nil: undefined }),
) as never;

/** Passes all operations to the tape; numbers the ones that it adds. */
function play(tape: Tape, all: readonly Said[]): unknown[] {
  let count = 0;
  return all.map(([what, key, values]) => tape.next(what, key, values, () => ({ operation: count++, outputs: [] })));
}

describe('a tape', () => {
  it('returns the recorded operations in a replay, and adds none', () => {
    fc.assert(
      fc.property(fc.array(said), (all) => {
        const tape = new Tape();
        const added = play(tape, all);
        tape.end();
        expect(added).toEqual(all.map((_, index) => ({ operation: index, outputs: [] })));
        tape.rewind();
        for (const [index, [what, key, values]] of all.entries()) {
          const copy = values?.slice();
          const again = tape.next(what, key, copy, () => {
            throw new Error('added twice');
          });
          expect(again).toBe(added[index]);
        }
        tape.end();
      }),
    );
  });

  const recorded = (...all: Said[]) => {
    const tape = new Tape();
    play(tape, all);
    tape.rewind();
    return tape;
  };
  const one: Said = ['an addition', 'Add 1 2'];
  const constant: Said = ['a constant', '[2]', Float32Array.of(1, 0)];

  it.each<[string, Said[], Said[], string]>([
    ['another operation', [one], [['a product', 'Mul 1 2']], 'a product replaced an addition'],
    ['other inputs', [one], [['an addition', 'Add 2 1']], 'an addition replaced an addition'],
    ['more operations', [one], [one, constant], 'a constant was added'],
    ['another order', [one, constant], [constant, one], 'a constant replaced an addition'],
    ['other values', [constant], [['a constant', '[2]', Float32Array.of(1, 2)]], 'a constant has different values'],
    [
      'a zero of the other sign',
      [constant],
      [['a constant', '[2]', Float32Array.of(1, -0)]],
      'a constant has different values',
    ],
    ['fewer values', [constant], [['a constant', '[2]', Float32Array.of(1)]], 'a constant has different values'],
  ])('reports %s', (_, first, second, message) => {
    const tape = recorded(...first);
    expect(() => play(tape, second)).toThrow(new Mismatch(message));
  });

  it('reports missing operations at the end', () => {
    const tape = recorded(one, constant);
    play(tape, [one]);
    expect(() => tape.end()).toThrow(new Mismatch('a constant was missing'));
  });

  it('treats NaN as equal to NaN', () => {
    const nothing: Said = ['a constant', '', Float32Array.of(Number.NaN)];
    expect(() => play(recorded(nothing), [['a constant', '', Float32Array.of(Number.NaN)]])).not.toThrow();
  });

  it('reports a change in the same array', () => {
    const counter = Float32Array.of(1);
    const tape = recorded(['a constant', '', counter]);
    counter[0] = 2;
    expect(() => play(tape, [['a constant', '', counter]])).toThrow(new Mismatch('a constant has different values'));
  });
});
