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
  return Object.entries(files).map(([name, { inputSize }]) => ({
    ...{ name, backbone: name, inputSize },
    weights: weightsOf(name as keyof typeof files, folder),
  }));
}

export function weightsOf(name: keyof typeof files, folder: string): string {
  return join(folder, files[name].file);
}

// --- internal ---

const files = {
  xception: { inputSize: 299, file: 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5' },
  'mobilenet-v2': { inputSize: 224, file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5' },
  mobilenet: { inputSize: 224, file: 'mobilenet_1_0_224_tf_no_top.h5' },
} as const;
