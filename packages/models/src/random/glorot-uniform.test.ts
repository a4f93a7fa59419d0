import { expect, it } from 'vitest';
import { glorotUniform } from './glorot-uniform.ts';

// Fans as in Keras: the area of the window times the channels.
it.each([
  { shape: [300, 20], fans: 320 },
  { shape: [3, 3, 16, 32], fans: 9 * 48 },
  { shape: [3, 3, 64, 1], fans: 9 * 65 },
])('is uniform within ±√(6 / fans) for $shape', ({ shape, fans }) => {
  const values = glorotUniform(shape, 1, 'layer/kernel');
  const limit = Math.sqrt(6 / fans);
  expect(values).toHaveLength(shape.reduce((product, side) => product * side, 1));
  const largest = values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  expect(largest).toBeLessThanOrEqual(limit);
  expect(largest).toBeGreaterThan(0.95 * limit);
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const deviation = limit / Math.sqrt(3);
  expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(values.length));
  const variance = values.reduce((sum, one) => sum + one ** 2, 0) / values.length;
  expect(variance / deviation ** 2).toBeGreaterThan(0.8);
  expect(variance / deviation ** 2).toBeLessThan(1.2);
});

it('depends only on seed and name', () => {
  const draw = (seed: number, name: string) => glorotUniform([4, 4], seed, name);
  const first = draw(1, 'a/kernel');
  expect(draw(2, 'a/kernel')).not.toEqual(first);
  expect(draw(1, 'b/kernel')).not.toEqual(first);
  expect(draw(1, 'a/kernel')).toEqual(first);
});
