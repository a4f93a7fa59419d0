import type { BackboneFamily } from '@chorus/models';
import type { AugmentationPreset } from '@chorus/orchestration';

/** Training steps or predictions of one backbone with a head of one logit, on synthetic images. */
export interface ModelTask {
  work: 'train' | 'predict';
  backbone: BackboneFamily;
  inputSize: number;
  batchSize: number;
  /** Seed of images and weights. */
  seed: number;
  /** Processors to use. */
  threads: number;
  /** Augmentation in Chorus' training steps; by default none. */
  augmentation?: AugmentationPreset;
}
