import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { changeInPlace } from './change-in-place.fixture.ts';
import { compile } from './compile.ts';
import { nothingStays } from './nothing-stays.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

function variable(...values: number[]): tf.Variable {
  return own(tf.tidy(() => tf.variable(tf.tensor1d(values))));
}

function valuesOf(...tensors: readonly tf.Tensor[]): number[][] {
  return tensors.map((tensor) => [...tensor.dataSync()]);
}

describe('between calls', () => {
  /** Doubles the variable; returns the earlier values of x and the variable. */
  function doubling(a: tf.Variable) {
    return own(
      compile((x: tf.Tensor) => {
        const before = [tf.add(x, 0), tf.add(a, 0)] as const;
        a.assign(tf.mul(a, 2));
        return before;
      }),
    );
  }
  const zero = () => tf.tensor1d([0]);

  it('a variable has the value of the last call', () => {
    const a = variable(1);
    const step = doubling(a);
    for (const expected of [2, 4, 8]) {
      step(zero());
      expect(valuesOf(a, tf.add(a, 1))).toEqual([[expected], [expected + 1]]);
      expect(a.arraySync()).toEqual([expected]);
    }
  });

  it('an assignment affects the next call', () => {
    const a = variable(1);
    const step = doubling(a);
    step(zero());
    a.assign(tf.tensor1d([10]));
    expect(valuesOf(...step(zero()), a)).toEqual([[0], [10], [20]]);
    a.assign(tf.add(a, 1));
    expect(valuesOf(...step(zero()), a)).toEqual([[0], [21], [42]]);
  });

  it('clones keep their value if made before the first call, between calls, or as an argument', () => {
    const a = variable(1);
    const step = doubling(a);
    const clones = [a.clone()];
    step(zero());
    clones.push(a.clone());
    const read = clones[1]!.dataSync();
    step(zero());
    clones.push(a.clone());
    expect(valuesOf(...step(clones[1]!), a)).toEqual([[2], [4], [8]]);
    expect(valuesOf(...clones)).toEqual([[1], [2], [4]]);
    expect([...read]).toEqual([2]);
  });

  it('a clone can be assigned back', () => {
    const a = variable(1);
    const step = doubling(a);
    const best = a.clone();
    step(zero());
    a.assign(best);
    expect(valuesOf(...step(zero()), a)).toEqual([[0], [1], [2]]);
    a.assign(best);
    best.dispose();
    expect(valuesOf(...step(zero()), a)).toEqual([[0], [1], [2]]);
  });

  it('a variable can be an argument of the function that changes it', () => {
    const a = variable(1);
    const step = doubling(a);
    expect(valuesOf(...step(a), a)).toEqual([[1], [1], [2]]);
    expect(valuesOf(...step(a), a)).toEqual([[2], [2], [4]]);
  });

  it('results keep their values, also if they are the value of a variable', () => {
    const [a, m, v] = [variable(1), variable(0), variable(0)];
    const step = own(
      compile((x: tf.Tensor) => {
        changeInPlace(a, m, v, x);
        return [a, m];
      }),
    );
    const first = step(tf.tensor1d([1])) as tf.Tensor[];
    const values = valuesOf(...first);
    step(tf.tensor1d([1]));
    expect(valuesOf(...first)).toEqual(values);
    expect(valuesOf(a)).not.toEqual(values[0]);
  });

  it('disposal of a variable is an error in the next call', () => {
    const a = tf.variable(tf.tensor1d([1]), true, 'doubled');
    const step = doubling(a);
    step(zero());
    a.dispose();
    expect(() => step(zero())).toThrow(/uses variable doubled, which has been disposed\.$/);
  });
});

describe('variables that share their data', () => {
  it('change independently if created from each other or from a live tensor, or assigned to each other', () => {
    const start = tf.tensor1d([1]);
    const a = own(tf.variable(start));
    const b = own(tf.variable(a));
    const step = own(
      compile((x: tf.Tensor) => {
        a.assign(tf.add(a, x));
        return [tf.add(b, 0)];
      }),
    );
    expect(valuesOf(...(step(tf.tensor1d([10])) as tf.Tensor[]), a, b, start)).toEqual([[1], [11], [1], [1]]);
    b.assign(a);
    expect(valuesOf(...(step(tf.tensor1d([10])) as tf.Tensor[]), a, b, start)).toEqual([[11], [21], [11], [1]]);
    a.assign(start);
    b.assign(start);
    expect(valuesOf(...(step(tf.tensor1d([10])) as tf.Tensor[]), a, b, start)).toEqual([[1], [11], [1], [1]]);
  });
});

it('two functions see each other’s changes of shared variables', () => {
  const a = variable(1);
  const add = own(
    compile((x: tf.Tensor) => {
      a.assign(tf.add(a, x));
      return [];
    }),
  );
  const double = own(
    compile(() => {
      a.assign(tf.mul(a, 2));
      return a;
    }),
  );
  const read = own(compile(() => a));
  add(tf.tensor1d([10]));
  expect(valuesOf(double(), read())).toEqual([[22], [22]]);
  add(tf.tensor1d([1]));
  expect(valuesOf(read(), double(), a)).toEqual([[23], [46], [46]]);
});

it('within another one, a compiled function becomes part of it', () => {
  const a = variable(1);
  const inner = own(
    compile((x: tf.Tensor) => {
      a.assign(tf.add(a, x));
      return a;
    }),
  );
  const outer = own(
    compile((x: tf.Tensor) => {
      const first = inner(x);
      return [tf.add(first, 0), inner(x), tf.mul(a, 10)];
    }),
  );
  const results = outer(tf.tensor1d([10])) as tf.Tensor[];
  expect(valuesOf(...results, a)).toEqual([[11], [21], [210], [21]]);
  expect(inner.metrics.traceCount).toBe(0);
});
