import { beforeEach, expect, it, vi } from 'vitest';

// The state of the library is that of the module.
let errors: typeof import('./libhdf5-errors.ts');
beforeEach(async () => {
  vi.resetModules();
  errors = await import('./libhdf5-errors.ts');
});

/** (module (func (export "trap") unreachable)) */
const trapping = Uint8Array.of(
  ...[
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, 5, 1, 3, 0, 0,
    11,
  ],
);

function trap(): never {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trapping));
  (exports.trap as () => never)();
  throw new Error('expected a trap');
}

it('refuses later files after one that made the library trap', () => {
  errors.requireIntactLibrary('good.h5');
  expect(() => errors.attempt('bad.h5', 'expected an HDF5 file', trap)).toThrow(
    'bad.h5: expected an HDF5 file, received an error: unreachable.',
  );
  expect(() => errors.requireIntactLibrary('good.h5')).toThrow(
    'good.h5: not read, because bad.h5 damaged the HDF5 library of this process; start again without that file.',
  );
});

it('goes on after an error of the library, and describes exceptions of C++', () => {
  const report = 'HDF5-DIAG:\n  #000: a.c line 1 in H5Fopen(): unable to open file\n    major: File\n    minor: x';
  const fail = () => {
    throw new Error(report);
  };
  expect(() => errors.attempt('bad.h5', 'expected a file', fail)).toThrow(
    'bad.h5: expected a file, received an error: unable to open file.',
  );
  const throwNumber = () => {
    throw 5;
  };
  expect(() => errors.attempt('bad.h5', 'expected a file', throwNumber)).toThrow('received an error: exception 5.');
  errors.requireIntactLibrary('good.h5');
});
