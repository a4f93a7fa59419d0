/**
 * What a lane does with one member, as plain data. `@chorus/orchestration` makes it from an experiment; everything below
 * it reads this and nothing else: a flaw or a recipe is visible here only as the values that it leads to.
 */
import type {
  BackboneSpec,
  BatchNormMode,
  FineTuneRange,
  FromLogitsOnSigmoid,
  PreprocessingName,
} from '@chorus/models';
import type { Augmentation } from './augmentation.ts';
import type { LearningRate } from './learning-rate.ts';

/** What training steps compute in. */
export const precisions = ['float32', 'bfloat16'] as const;
export type Precision = (typeof precisions)[number];

/** Where a member's first weights come from. */
export type InitialWeights =
  | { kind: 'random' }
  | { kind: 'file'; path: string; sha256: string; note?: string | undefined };

export type StageName = 'head' | 'fine-tune' | 'whole';

/** When a stage ends, and which weights it ends with. */
export type Stopping =
  /**
   * After `patience` epochs without a lower loss on the tune images, with the weights of the lowest. `startCounts`: the
   * weights that the stage starts from may be these, so that the stage cannot make the member worse.
   */
  | { keeps: 'best'; patience: number; startCounts: boolean }
  /** After all epochs, with the last weights. */
  | { keeps: 'last' };

/** One stage of a training. */
export interface StagePlan {
  name: StageName;
  /** The layers that train; the others are frozen and in inference mode. */
  trains: FineTuneRange;
  /** Of the layers that train. */
  batchNorm: BatchNormMode;
  /**
   * Takes BatchNorm's moving statistics from a pass over the images before each evaluation: from random weights and few
   * steps they are still near their start.
   */
  recalibratesBatchNorm: boolean;
  /** Cross-entropy. */
  loss: { labelSmoothing: number; fromLogitsOnSigmoid: FromLogitsOnSigmoid | null };
  optimizer: { kind: 'adam'; weightDecay: number };
  learningRate: LearningRate;
  augmentation: Augmentation;
  batchSize: number;
  /** Leaves out the images that do not fill a last batch. */
  wholeBatchesOnly: boolean;
  epochCount: number;
  stopping: Stopping;
  /** Of training steps, on lanes that have it; other lanes compute in float32. */
  precision: Precision;
}

/** A member's trainings, but for what differs from fold to fold. */
export interface MemberPlan {
  name: string;
  backbone: BackboneSpec;
  preprocessing: PreprocessingName;
  /** Share of the pooled features that is dropped in training steps. */
  dropout: number;
  weights: InitialWeights;
  /** Kernels that are drawn from the seed; a file's take the place of the backbone's. */
  initializes: 'all' | 'head';
  /** For the report: a pre-trained backbone with a new head, or all layers from the first step. */
  recipe: 'transfer' | 'whole';
  stages: StagePlan[];
  /** Pooled features that all folds share, because the backbone in front of the head is the same in each. */
  features: {
    /** 2 where an image's mirror image has a row of its own. */
    rowsPerImage: 1 | 2;
    /** Whether predictions come from them, too: the backbone stays frozen to the end. */
    predict: boolean;
  } | null;
  /** Averages the logits of an image and its mirror image. */
  testTimeAugmentation: boolean;
}
