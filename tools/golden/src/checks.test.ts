import { join } from 'node:path';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { cases } from './cases.ts';
import { checkParameters } from './checks.ts';
import { type Reference, readReference } from './reference.ts';

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0' });
});

const golden = cases.find(({ name }) => name === 'xception')!;
const reference = readReference(join(import.meta.dirname, '../backbones'), golden);

describe('checkParameters', () => {
  const wrong = (one: Reference) =>
    checkParameters(golden, one).flatMap(({ check, worst, where }) => (worst > 0 ? [[check, worst, where]] : []));
  /** Returns the reference with another layer name. */
  const renamed = (layer: string, name: string): Reference => ({
    ...reference,
    weights: reference.weights.map(([own, ...rest]) => [own === layer ? name : own, ...rest]),
    batchNorm: reference.batchNorm.map(([own, ...rest]) => [own === layer ? name : own, ...rest]),
  });

  it('accepts any counter in the name of a layer that Keras leaves unnamed', () => {
    expect(wrong(renamed('conv2d', 'conv2d_94'))).toEqual([]);
  });

  it('rejects other names for it', () => {
    expect(wrong(renamed('conv2d', 'block2_shortcut'))).toEqual([
      ['parameters', 1, expect.stringContaining('["block2_residual_conv","kernel",[1,1,64,128]]')],
    ]);
    expect(wrong(renamed('batch_normalization', 'block2_shortcut_bn'))).toEqual([
      ['parameters', 4, expect.stringContaining('in Keras ["block2_shortcut_bn","gamma",[128]]')],
      ['BatchNorm momentum and epsilon', 1, expect.stringContaining('block2_residual_bn')],
    ]);
  });

  it('rejects a counter for a layer that Keras names', () => {
    expect(wrong(renamed('block1_conv1', 'conv2d'))).toEqual([
      ['parameters', 1, expect.stringContaining('in Keras ["conv2d","kernel",[3,3,3,32]]')],
    ]);
  });
});
