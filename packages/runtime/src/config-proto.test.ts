import { describe, expect, it, test } from 'vitest';
import { encodeConfigProto, type ProcessSettings } from './config-proto.ts';
import { RuntimeError } from './errors.ts';

const settings = (changes: Partial<ProcessSettings> = {}): ProcessSettings => ({
  logicalCpuDevices: 1,
  intraOpThreads: 1,
  gpuMemoryLimitsMiB: [],
  ...changes,
});

describe('encodeConfigProto', () => {
  // Reference: tf.compat.v1.ConfigProto(...).SerializeToString(deterministic=True) of TensorFlow 2.21.
  test.each<[Partial<ProcessSettings>, string]>([
    [{ logicalCpuDevices: 4, intraOpThreads: 2 }, '0a070a03435055100410022802320220013801'],
    [{ intraOpThreads: 300 }, '0a070a03435055100110ac022802320220013801'],
    [
      { logicalCpuDevices: 2, gpuMemoryLimitsMiB: [null, 8000] },
      '0a070a03435055100210012802320e20014a0a0a000a060a040000fa453801',
    ],
  ])('encodes %j as TensorFlow does', (changes, hex) => {
    expect(Buffer.from(encodeConfigProto(settings(changes))).toString('hex')).toBe(hex);
  });

  it('encodes a list without limits like an empty one', () => {
    expect(encodeConfigProto(settings({ gpuMemoryLimitsMiB: [null, null] }))).toEqual(encodeConfigProto(settings()));
  });

  test.each<[Partial<ProcessSettings>, string]>([
    [{ logicalCpuDevices: 0 }, 'Expected logicalCpuDevices to be a whole number from 1 to 4096, received 0.'],
    [{ intraOpThreads: 1.5 }, 'Expected intraOpThreads'],
    [{ gpuMemoryLimitsMiB: [null, -1] }, 'Expected the memory limit of gpu:1 in MiB, received -1.'],
    [{ gpuMemoryLimitsMiB: [Number.NaN] }, 'Expected the memory limit of gpu:0'],
  ])('rejects %j', (changes, message) => {
    expect(() => encodeConfigProto(settings(changes))).toThrow(RuntimeError);
    expect(() => encodeConfigProto(settings(changes))).toThrow(message);
  });
});
