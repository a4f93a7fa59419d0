import type { ExperimentInput } from '../schema.ts';

/**
 * mobile: three MobileNets, an ensemble small enough for a browser (9 M parameters, 36 MB).
 * Needs pre-trained weights. 2,000 photographs of cats and dogs at 160 px, on two CPU cores: see README for the
 * measured minutes and accuracy.
 */
export const mobile: Partial<ExperimentInput> = {
  name: 'mobile',
  inputSize: 160,
  members: [
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
    { name: 'mobilenet', backbone: 'mobilenet', alpha: 1 },
    { name: 'mobilenet-075', backbone: 'mobilenet', alpha: 0.75 },
  ],
};
