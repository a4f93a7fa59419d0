import type tf from '@chorus/tfjs';
import type { ImageFunction } from './image-function.ts';
import type { KeptModels } from './kept-models.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { LaneObserver } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** The lane that a task runs on. */
export interface LaneContext extends TrainingLane {
  models: KeptModels<ImageFunction>;
}

/** The part of a lane that training depends on. */
export interface TrainingLane {
  device: string;
  backingDevice(tensor: tf.Tensor): string;
  observer: LaneObserver;
  stop: StopFlag;
  compute: ComputeSettings;
}
