import { expect, it } from 'vitest';
import { meanInterval } from './student-t.ts';

it('equals the result of R: t.test(c(1, 2, 3, 4, 5))$conf.int', () => {
  const { mean, low, high } = meanInterval([1, 2, 3, 4, 5]);
  expect(mean).toBe(3);
  expect(low).toBeCloseTo(1.036757, 3);
  expect(high).toBeCloseTo(4.963243, 3);
});

it('throws for one sample', () => {
  expect(() => meanInterval([1])).toThrow('received 1');
});
