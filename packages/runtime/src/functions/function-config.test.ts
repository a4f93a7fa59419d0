import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors.ts';
import { encodeFunctionConfig, type FunctionConfig } from './function-config.ts';

describe('encodeFunctionConfig', () => {
  // Reference: ConfigProto(...).SerializeToString(deterministic=True) of TensorFlow 2.21 in Python.
  it.each<[FunctionConfig, string]>([
    [{}, '520e520c8801ffffffffffffffffff01'],
    [{ optimizes: true, precision: 'float32' }, '520e520c8801ffffffffffffffffff01'],
    [{ optimizes: false }, '521e1a0b18ffffffffffffffffff01520f8801ffffffffffffffffff01980101'],
    [{ precision: 'bfloat16' }, '5211520f8801ffffffffffffffffff01f80101'],
  ])('encodes %j as TensorFlow does', (config, hex) => {
    expect(Buffer.from(encodeFunctionConfig(config)).toString('hex')).toBe(hex);
  });

  it('rejects bfloat16 without optimization', () => {
    expect(() => encodeFunctionConfig({ optimizes: false, precision: 'bfloat16' })).toThrow(RuntimeError);
  });
});
