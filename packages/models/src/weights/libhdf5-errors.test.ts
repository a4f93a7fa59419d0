import { beforeEach, expect, it, vi } from 'vitest';

// The state of the library is that of the module.
let errors: typeof import('./libhdf5-errors.ts');
beforeEach(async () => {
  vi.resetModules();
  errors = await import('./libhdf5-errors.ts');
});

/** As a cyclic file does to the library. */
function recurse(): never {
  return recurse();
}

it('refuses later files after one that made the library trap', () => {
  errors.requireIntactLibrary('good.h5');
  expect(() => errors.attempt('bad.h5', 'expected an HDF5 file', recurse)).toThrow(
    'bad.h5: expected an HDF5 file, received an error: Maximum call stack size exceeded.',
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
