import { expect, it } from 'vitest';
import { npyBytes } from './npy.ts';

// NumPy 2.4.6: `numpy.save(file, numpy.array(…, '<f4'))`, the bytes in base64.
it.each<[string, number[], [number, number], string]>([
  [
    '2 × 3',
    [0, 1, -2.5, 1e-30, 3.4e38, 0.1],
    [2, 3],
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAg' +
      'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAIMBgQqINnsl/f83M' +
      'zD0=',
  ],
  [
    'no row',
    [],
    [0, 4],
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDQpLCB9ICAgICAg' +
      'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=',
  ],
])("equals NumPy's output: %s", (_, values, shape, expected) => {
  expect(Buffer.from(npyBytes(Float32Array.from(values), shape)).toString('base64')).toBe(expected);
});
