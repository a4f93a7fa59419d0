/** Files of pre-trained weights. */
import { checkWeightFile } from '@chorus/models';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateSafetensors } from '../mutate/safetensors.ts';
import type { FuzzTarget } from '../target.ts';

/** Names of HDF5's structures: its superblock, trees, heaps and object headers. */
const hdf5Words = ['\x89HDF\r\n\x1a\n', 'TREE', 'SNOD', 'HEAP', 'GCOL', 'OHDR', 'OCHK', 'FRHP', 'FHDB', 'BTHD'];

export const h5: FuzzTarget = {
  name: 'h5',
  mutate: mutateBytes(hdf5Words),
  refusals: ['ModelError'],
  // A refused file leaves a copy of libhdf5.
  inputsPerProcess: 50,
  async open() {
    return (bytes) => checkWeightFile({ name: 'weights.h5', bytes });
  },
};

export const safetensors: FuzzTarget = {
  name: 'safetensors',
  mutate: mutateSafetensors,
  refusals: ['ModelError'],
  async open() {
    return (bytes) => checkWeightFile({ name: 'weights.safetensors', bytes });
  },
};
