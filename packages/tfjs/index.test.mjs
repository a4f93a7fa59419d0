import { expect, it } from 'vitest';

it('both entries are tfjs, one and the same in node', async () => {
  const { default: forNode } = await import('@chorus/tfjs');
  const { default: forBundlers } = await import('./index.mjs');
  expect(forNode.add).toBeTypeOf('function');
  expect(forBundlers.add).toBe(forNode.add);
});
