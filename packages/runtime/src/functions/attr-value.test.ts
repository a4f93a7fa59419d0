import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import type { Binding, OpAttribute } from '../tensorflow.ts';
import { attrValue, shapeValue, tensorValue, typeValue } from './attr-value.ts';

let binding: Binding;

beforeAll(() => {
  ({ binding } = useNativeBackend());
});

type Kind = 'STRING' | 'INT' | 'FLOAT' | 'BOOL' | 'TYPE' | 'SHAPE';

function hexOf(kind: Kind, value: OpAttribute['value']): string {
  return hex(attrValue(binding, { name: 'one', type: binding[`TF_ATTR_${kind}`], value }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

// Reference: AttrValue(...).SerializeToString(deterministic=True) of TensorFlow 2.21 in Python.
describe('an attribute is encoded as TensorFlow does', () => {
  it.each<[Kind, OpAttribute['value'], string]>([
    ['STRING', 'SAME', '120453414d45'],
    ['STRING', '', '1200'],
    ['STRING', 'Grüße', '12074772c3bcc39f65'],
    ['INT', 3, '1803'],
    ['INT', -1, '18ffffffffffffffffff01'],
    ['INT', 0, '1800'],
    ['INT', 2 ** 40, '18808080808020'],
    ['FLOAT', 0.2, '25cdcc4c3e'],
    ['FLOAT', -0, '2500000080'],
    ['BOOL', true, '2801'],
    ['BOOL', false, '2800'],
    ['TYPE', 1, '3001'],
    ['TYPE', 20, '3014'],
    ['INT', [1, 2, -2, 300], '0a101a0e0102feffffffffffffffff01ac02'],
    ['FLOAT', [0.5, -1], '0a0a22080000003f000080bf'],
    ['BOOL', [true, false], '0a042a020100'],
    ['SHAPE', [3, 224], '3a0912020803120308e001'],
    ['SHAPE', [], '3a00'],
  ])('%s %j', (kind, value, expected) => {
    expect(hexOf(kind, value)).toBe(expected);
  });

  it('encodes an empty list as a list', () => {
    // A list value without elements of any type.
    expect(hexOf('INT', [])).toBe('0a021a00');
  });

  it('encodes types and shapes like attributes of these types', () => {
    expect(hex(typeValue(20))).toBe(hexOf('TYPE', 20));
    expect(hex(shapeValue([3, 224, 0]))).toBe(hexOf('SHAPE', [3, 224, 0]));
  });
});

describe('an attribute that tfjs’s kernels do not use is rejected with its name', () => {
  it('of an unknown type', () => {
    const attribute = { name: 'one', type: 9999, value: 1 };
    expect(() => attrValue(binding, attribute)).toThrow('attribute one has the unknown type 9999');
  });

  it('a list of strings', () => {
    const attribute = { name: 'one', type: binding.TF_ATTR_STRING, value: [1] };
    expect(() => attrValue(binding, attribute)).toThrow(/^attribute one has the unknown type/);
  });
});

it('a constant of equal numbers is encoded as one number', () => {
  expect(tensorValue(binding.TF_FLOAT, [1000, 1000], new Float32Array(10 ** 6).fill(0.5)).length).toBeLessThan(40);
  expect(tensorValue(binding.TF_INT32, [10 ** 6], new Int32Array(10 ** 6).fill(-7)).length).toBeLessThan(40);
  expect(tensorValue(binding.TF_BOOL, [10 ** 6], new Uint8Array(10 ** 6).fill(1)).length).toBeLessThan(40);
});
