import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cases } from './cases.ts';
import { readReference } from './reference.ts';

const golden = cases.find(({ name }) => name === 'mobilenet-0.25')!;

/** Two reference tensors: a whole one and a summary. */
async function tensors() {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-reference-'));
  try {
    const whole = { first: 1, length: 3 };
    await writeFile(join(folder, `${golden.name}.json`), JSON.stringify({ tensors: { whole } }));
    await writeFile(join(folder, `${golden.name}.bin`), Float32Array.of(9, 1, 2, 2));
    const summaries = readReference(join(import.meta.dirname, '../backbones'), golden).tensors;
    return { whole: readReference(folder, golden).tensors.get('whole')!, summary: summaries.get('all/gradient/1')! };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a tensor of the reference', () => {
  it('has the same norm as its distance to zero', async () => {
    const { whole, summary } = await tensors();
    expect([whole.norm, whole.distanceTo(new Float32Array(3))]).toEqual([3, 3]);
    // conv1_bn/gamma; projections estimate the norm to within about a third.
    expect(summary.distanceTo(new Float32Array(8)) / summary.norm).toBeGreaterThan(2 / 3);
    expect(summary.distanceTo(new Float32Array(8)) / summary.norm).toBeLessThan(4 / 3);
  });

  it.each([0, 7, 9])('is not compared with one of another length, %d', async (length) => {
    const { whole, summary } = await tensors();
    expect(() => whole.distanceTo(new Float32Array(length))).toThrow(`expected 3 numbers, received ${length}`);
    expect(() => summary.distanceTo(new Float32Array(length))).toThrow(`expected 8 numbers, received ${length}`);
  });
});
