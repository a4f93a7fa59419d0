/** The members of the preset `cpu`, whose backbones everything in a comparison uses. */
import { join } from 'node:path';

export interface ComparedMember {
  name: string;
  backbone: string;
  inputSize: number;
  /** Path of its initial weights. */
  weights: string;
}

/** @param folder folder of initial weights, as for `chorus train`. */
export function comparedMembers(folder: string): ComparedMember[] {
  return [
    { name: 'xception', inputSize: 299, file: 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5' },
    { name: 'mobilenet-v2', inputSize: 224, file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5' },
    { name: 'mobilenet', inputSize: 224, file: 'mobilenet_1_0_224_tf_no_top.h5' },
  ].map(({ name, inputSize, file }) => ({ name, backbone: name, inputSize, weights: join(folder, file) }));
}
