import { expect, it } from 'vitest';
import { attempt, type Libhdf5, withLibhdf5 } from './libhdf5.ts';

const currentCopy = () => withLibhdf5((library) => library);

/** As a cyclic file does to the library. */
function recurse(): never {
  return recurse();
}

it.each<[string, () => never, string]>([
  ['a trap', recurse, 'Maximum call stack size exceeded'],
  [
    'a report of the library',
    () => {
      throw new Error(
        'HDF5-DIAG:\n  #000: a.c line 1 in H5Fopen(): unable to open file\n    major: File\n    minor: x',
      );
    },
    'unable to open file',
  ],
  [
    'an exception of C++',
    () => {
      throw 5;
    },
    'exception 5',
  ],
])('describes %s in one line, and reads the next file with another copy of the library', async (_, read, reason) => {
  const before = await currentCopy();
  expect(await currentCopy()).toBe(before);
  await expect(withLibhdf5(() => attempt('bad.h5', 'expected a file', read))).rejects.toMatchObject({
    name: 'ModelError',
    message: `bad.h5: expected a file, received an error: ${reason}.`,
  });
  expect((await currentCopy()).File).not.toBe(before.File);
});

it('gives no copy that has refused a file to a call that waited for it', async () => {
  const used: Libhdf5[] = [];
  const refuse = withLibhdf5((library) => {
    used.push(library);
    return recurse();
  });
  const read = withLibhdf5((library) => used.push(library));
  await expect(refuse).rejects.toThrow(RangeError);
  await read;
  expect(used[1]).not.toBe(used[0]);
});
