import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import { fileWith, safetensorsFile, type TensorToWrite } from './safetensors.fixture.ts';
import { readSafetensors } from './safetensors-file.ts';

const read = (bytes: Uint8Array) => readSafetensors({ name: 'some.safetensors', bytes });

const kernel: TensorToWrite = { name: 'conv.weight', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
const bias: TensorToWrite = { name: 'conv.bias', shape: [2], values: Float32Array.of(7, 8) };

/** A header with one tensor of six numbers, changed. */
const withEntry = (change: object) =>
  fileWith(
    JSON.stringify({ 'conv.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...change } }),
    Buffer.from(kernel.values.buffer),
  );

/** A header with two tensors of eight bytes at these offsets, and 16 bytes of numbers. */
const withOffsets = (first: [number, number], second: [number, number]) =>
  fileWith(
    JSON.stringify({
      first: { dtype: 'F32', shape: [(first[1] - first[0]) / 4], data_offsets: first },
      second: { dtype: 'F32', shape: [(second[1] - second[0]) / 4], data_offsets: second },
    }),
    Buffer.alloc(16),
  );

describe('readSafetensors', () => {
  it('reads names, shapes and numbers, wherever the file begins in memory', () => {
    const file = safetensorsFile([bias, kernel], { format: 'pt' });
    for (const shift of [0, 1, 3]) {
      const memory = Buffer.concat([Buffer.alloc(shift), file]);
      const tensors = read(memory.subarray(shift));
      expect(tensors.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
        ['conv.bias', 'F32', [2]],
        ['conv.weight', 'F32', [2, 3]],
      ]);
      expect(tensors.map((tensor) => Array.from(tensor.read()))).toEqual([
        [7, 8],
        [1, 2, 3, 4, 5, 6],
      ]);
    }
  });

  it('accepts tensors without numbers, and a header in any order', () => {
    const entries = {
      last: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
      empty: { dtype: 'F32', shape: [3, 0], data_offsets: [4, 4] },
      first: { dtype: 'I32', shape: [], data_offsets: [0, 4] },
    };
    const tensors = read(fileWith(JSON.stringify(entries), Buffer.alloc(8)));
    expect(tensors.map(({ name }) => name)).toEqual(['last', 'empty', 'first']);
    expect(tensors[1]!.read()).toEqual(new Float32Array());
    expect(read(fileWith('{}'))).toEqual([]);
  });

  it('does not mistake a header of 19280 bytes, whose length begins with "PK", for a zip archive', () => {
    const header = JSON.stringify({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }).padEnd(19_280);
    const bytes = fileWith(header, Buffer.alloc(4));
    expect(bytes.toString('latin1', 0, 2)).toBe('PK');
    expect(read(bytes).map(({ name }) => name)).toEqual(['a']);
  });

  it('reads only 32-bit floats', () => {
    const [half] = read(safetensorsFile([{ name: 'a', dtype: 'F16', shape: [2], values: new Uint16Array(2) }]));
    expect(() => half!.read()).toThrow('some.safetensors: expected 32-bit floats (F32) in a, received F16.');
  });
});

describe('refuses', () => {
  const length = (value: bigint, rest = '{}') => {
    const bytes = Buffer.alloc(8 + rest.length);
    bytes.writeBigUint64LE(value);
    bytes.write(rest, 8);
    return bytes;
  };
  const whole = safetensorsFile([kernel, bias]);
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'expected a safetensors file, received 0 bytes.'],
    ['a web page', Buffer.from('<!doctype html><p>'), 'expected a safetensors file, received a different file.'],
    ['zeros', new Uint8Array(4096), 'expected a safetensors file, received a different file.'],
    [
      "PyTorch's own format",
      Buffer.from('PK\u0003\u0004archive/data.pkl'),
      'received a zip archive, as torch.save writes; write one with safetensors.torch.save_file.',
    ],
    [
      'half a header',
      whole.subarray(0, 60),
      `received a truncated one: its header has ${whole.readBigUint64LE()} bytes and the file 60.`,
    ],
    [
      'a header longer than the file',
      length(1000n),
      'received a truncated one: its header has 1000 bytes and the file 10.',
    ],
    ['an endless header', length(2n ** 64n - 1n), 'expected a safetensors file, received a different file.'],
    ['a header of 4 MB and more', length(4_000_001n), 'expected a safetensors file, received a different file.'],
    ['an empty header', length(0n), 'expected a header of JSON, received invalid JSON or UTF-8.'],
    ['half of JSON', fileWith('{"a":'), 'expected a header of JSON, received invalid JSON or UTF-8.'],
    ['a list', fileWith('[{}]'), 'expected a safetensors file, received a different file.'],
    ['text that is not UTF-8', fileWith(Uint8Array.of(0x7b, 0xff, 0x7d)), 'invalid JSON or UTF-8.'],
    ['an endlessly nested header', fileWith(`{"a":${'['.repeat(1e6)}`), 'expected '],
    [
      'a deeply nested entry',
      fileWith(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
      'expected a valid entry of tensor a, received one with a mistake: expected an object (received a list of 1).',
    ],
    [
      'more tensors than any backbone has',
      fileWith(JSON.stringify(Object.fromEntries(Array.from({ length: 20_001 }, (_, index) => [`t${index}`, 0])))),
      'expected at most 20000 tensors, more than any backbone has, received 20001.',
    ],
    [
      'a name with a line break',
      fileWith(JSON.stringify({ 'a\nb': {} })),
      'expected 1 to 200 printable characters in the name of a tensor, received "a\\nb" of 3.',
    ],
    [
      'an endless name',
      fileWith(JSON.stringify({ ['x'.repeat(1e5)]: {} })),
      'received "xxxxxxxxxxxxxxxxxxxx" of 100000.',
    ],
    ['no name', fileWith(JSON.stringify({ '': {} })), 'in the name of a tensor, received "" of 0.'],
    [
      'numbers in place of an entry',
      fileWith('{"a":7}'),
      'expected a valid entry of tensor a, received one with a mistake: expected an object (received 7).',
    ],
    ['an entry named __proto__', fileWith('{"__proto__":7}'), 'expected a valid entry of tensor __proto__'],
    ['an unknown key', withEntry({ strides: [1] }), 'one with a mistake: strides: unknown key.'],
    ['an unknown dtype', withEntry({ dtype: 'F12' }), 'mistake: dtype: expected "BOOL", "U8", '],
    ['a dtype of the prototype', withEntry({ dtype: 'constructor' }), 'mistake: dtype: expected "BOOL", "U8", '],
    [
      'another dtype than the bytes',
      withEntry({ dtype: 'F64' }),
      'expected 48 bytes for tensor conv.weight F64 [2, 3]',
    ],
    [
      'a negative side',
      withEntry({ shape: [-2, -3] }),
      'shape.0: expected a whole number of at least 0 (received -2); shape.1: ',
    ],
    ['half a side', withEntry({ shape: [1.5, 4] }), 'shape.0: expected a whole number of at least 0 (received 1.5).'],
    [
      'a side that is not exact',
      withEntry({ shape: [2 ** 60] }),
      'shape.0: expected a whole number of at least 0 (received 1152921504606847000).',
    ],
    [
      'a text for a shape',
      withEntry({ shape: '2,3' }),
      'shape: expected a list of at most 8 entries (received "2,3").',
    ],
    [
      'nine dimensions',
      withEntry({ shape: [2, 3, 1, 1, 1, 1, 1, 1, 1] }),
      'shape: expected a list of at most 8 entries (received [2,3,1,1,1,1,1,1,1]).',
    ],
    [
      'a shape of terabytes',
      withEntry({ shape: [1e6, 1e6] }),
      'expected 4000000000000 bytes for tensor conv.weight F32 [1000000, 1000000], received data_offsets [0, 24].',
    ],
    [
      'a shape beyond all numbers',
      withEntry({ shape: Array.from({ length: 8 }, () => Number.MAX_SAFE_INTEGER) }),
      'bytes for tensor conv.weight F32 [9007199254740991, ',
    ],
    ['one offset', withEntry({ data_offsets: [0] }), 'data_offsets: expected a list of 2 entries (received [0]).'],
    [
      'three offsets',
      withEntry({ data_offsets: [0, 24, 24] }),
      'data_offsets: expected a list of 2 entries (received [0,24,24]).',
    ],
    [
      'a negative offset',
      withEntry({ data_offsets: [-24, 0] }),
      'data_offsets.0: expected a whole number of at least 0 (received -24).',
    ],
    ['offsets in the wrong order', withEntry({ data_offsets: [24, 0] }), 'received data_offsets [24, 0].'],
    [
      'numbers far behind the end of the file',
      withEntry({ data_offsets: [1e15, 1e15 + 24] }),
      'expected tensor conv.weight to begin where the one before it ends, at byte 0, received byte 1000000000000000: there is a gap.',
    ],
    [
      'overlapping tensors',
      withOffsets([0, 12], [8, 16]),
      'expected tensor second to begin where the one before it ends, at byte 12, received byte 8: they overlap.',
    ],
    ['two tensors in one place', withOffsets([0, 16], [0, 16]), 'at byte 16, received byte 0: they overlap.'],
    ['a gap', withOffsets([0, 4], [8, 16]), 'at byte 4, received byte 8: there is a gap.'],
    [
      'bytes that belong to no tensor',
      Buffer.concat([whole, Buffer.alloc(1)]),
      'expected 32 bytes of tensors, as the header lists, received 33: the file is damaged.',
    ],
    [
      'missing numbers',
      whole.subarray(0, -1),
      'expected 32 bytes of tensors, as the header lists, received 31: the file is truncated.',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(ModelError);
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(/^some\.safetensors: [^\n]+\.$/);
  });

  it('17: every truncated file', () => {
    for (let size = 0; size < whole.length; size += 1) expect(() => read(whole.subarray(0, size))).toThrow(ModelError);
  });
});

describe('of any bytes', () => {
  /** Reads everything, or fails with a ModelError; returns the bytes of all tensors. */
  const readAll = (bytes: Uint8Array): number | undefined => {
    try {
      return read(bytes)
        .filter(({ dtype }) => dtype === 'F32')
        .reduce((sum, tensor) => sum + tensor.read().byteLength, 0);
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
      return undefined;
    }
  };

  it('reads none or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readAll(bytes) ?? 0).toBe(0);
      }),
    );
  });

  it('as a header of any JSON, reads no more than the file has', () => {
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'F16', 'I64', 'x'),
      shape: fc.array(fc.oneof(fc.nat(5), fc.maxSafeInteger()), { maxLength: 4 }),
      data_offsets: fc.tuple(fc.nat(80), fc.nat(80)),
    });
    const header = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string({ maxLength: 5 }), entry, { maxKeys: 4 }));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 80 }), (value, numbers) => {
        const found = readAll(fileWith(JSON.stringify(value) ?? '', numbers));
        expect(found ?? 0).toBeLessThanOrEqual(numbers.length);
      }),
      { numRuns: 500 },
    );
  });

  it('with one byte of a valid file replaced, reads as many numbers or refuses it', () => {
    const whole = safetensorsFile([kernel, bias], { format: 'pt' });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(whole);
        changed[at] = value;
        // An I32 or U32 in place of an F32 is valid, too.
        expect([undefined, 32, 24, 8]).toContain(readAll(changed));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes and reads any tensors', () => {
    const shapes = fc.array(fc.array(fc.nat(4), { maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(shapes, (all) => {
        const tensors = all.map((shape, index) => ({
          name: `t${index}`,
          shape,
          values: Float32Array.from(
            { length: shape.reduce((size, side) => size * side, 1) },
            (_, place) => index + place,
          ),
        }));
        const found = read(safetensorsFile(tensors));
        expect(found.map(({ name, shape, read: numbers }) => ({ name, shape, values: numbers() }))).toEqual(tensors);
      }),
    );
  });
});
