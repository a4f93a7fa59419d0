/**
 * The plan of a member's training, as plain data. `@chorus/orchestration` derives it from an experiment. This package depends
 * only on the plan, in which flaws and recipes appear as the resulting values.
 */
import type {
  BackboneSpec,
  BatchNormMode,
  Distillation,
  FineTuneRange,
  FromLogitsOnSigmoid,
  PreprocessingName,
  TestTimeAugmentation,
} from '@chorus/models';
import type { Augmentation } from './augmentation.ts';
import type { CachedCopies } from './cached-copies.ts';
import type { LearningRate } from './learning-rate.ts';
import type { StageName } from './stage-name.ts';

/** Number formats of training steps. */
export const precisions = ['float32', 'bfloat16'] as const;
export type Precision = (typeof precisions)[number];

/** `auto`: the run chooses, by out-of-fold predictions of all views that could be averaged. */
export type PlannedViews = TestTimeAugmentation | 'auto';

/** The source of a member's initial weights. */
export type InitialWeights =
  | { kind: 'random' }
  | { kind: 'file'; path: string; sha256: string; note?: string | undefined };

/** When a stage ends, and which weights it keeps. */
export type Stopping =
  /**
   * Ends after `patience` epochs without a lower loss on the tuning images, and keeps the weights with the lowest loss. With
   * `startCounts`, these may be the initial weights of the stage, so that the stage cannot increase the loss.
   */
  | { keeps: 'best'; patience: number; startCounts: boolean }
  /**
   * Ends likewise, and keeps the greedy average of the weights of up to `mostEpochs` of the best epochs; with `startCounts`, the
   * initial weights count as an epoch.
   */
  | { keeps: 'soup'; mostEpochs: number; patience: number; startCounts: boolean }
  /** Ends after all epochs, and keeps the last weights. */
  | { keeps: 'last' };

export type OptimizerPlan = {
  /** Decoupled from the gradients; kernels only. */
  weightDecay: number;
  /** Factor of the learning rate per block below the head; 1 if omitted. */
  layerDecay?: number;
  /** Largest global norm of the gradients; unlimited if omitted. */
  clipNorm?: number;
  /** Share of the moving average of the weights that each step keeps; the averages are evaluated and kept. Omitted: none. */
  emaMomentum?: number;
} & ({ kind: 'adam' } | { kind: 'sgd'; momentum: number; nesterov: boolean });

/** Options of the training loss; what is omitted is off. */
export interface LossPlan {
  labelSmoothing: number;
  fromLogitsOnSigmoid: FromLogitsOnSigmoid | null;
  /** Factor of the loss of each class. */
  classWeights?: number[];
  /** γ of the focal loss. */
  focalGamma?: number;
  /** Added to the logits of each class, in the loss only. */
  logitOffsets?: number[];
  /** Only for a student; the options above apply to the share of the labels. */
  distillation?: Distillation;
}

/** One stage of a training run. */
export interface StagePlan {
  name: StageName;
  /** The layers that train; the others are frozen and in inference mode. */
  trains: FineTuneRange;
  /** BatchNorm mode of the layers that train. */
  batchNorm: BatchNormMode;
  /**
   * Computes BatchNorm's moving statistics in a pass over the training images before each evaluation. With random initial
   * weights and few steps, the moving averages are still close to their initial values.
   */
  recalibratesBatchNorm: boolean;
  /** Options of the training loss. */
  loss: LossPlan;
  /** The images of an epoch: `balanced` draws equally many of each class. Omitted: every image once. */
  sampling?: 'balanced';
  /** Mean of the loss on the tuning images: over classes of their means, or, if omitted, over images. */
  tuneLoss?: 'balanced';
  optimizer: OptimizerPlan;
  learningRate: LearningRate;
  augmentation: Augmentation;
  /** Augmented copies that epochs train on in turn with the images, with the augmentation above; none if omitted. */
  cachedCopies?: CachedCopies;
  batchSize: number;
  /** Images that a training step processes at once; a larger batch takes several passes. Omitted: the whole batch. */
  microBatchSize?: number;
  /** Leaves out the images that do not fill a last batch. */
  wholeBatchesOnly: boolean;
  epochCount: number;
  stopping: Stopping;
  /** Number format of training steps; lanes that do not support it use float32. */
  precision: Precision;
}

/** The part of a member's plan that all folds share. */
export interface MemberPlan {
  name: string;
  backbone: BackboneSpec;
  preprocessing: PreprocessingName;
  /** Dropout rate of the pooled features. */
  dropout: number;
  weights: InitialWeights;
  /** The weights to draw from the seed; with `head`, the backbone's weights come from a file. */
  initializes: 'all' | 'head';
  stages: StagePlan[];
  /** Pooled features that all folds share, because their backbone is frozen. */
  features: {
    /** 2 if each image's row is followed by that of its mirror image; more with `crops`. */
    rowsPerImage: number;
    /** Whose views each image has rows of, if some are crops. Omitted: none is. */
    crops?: PlannedViews;
    /** Augmented copies of each image, which have rows of their own. Omitted: none. */
    cachedCopies?: CachedCopies;
    /** Whether predictions use them too, because no stage trains the backbone. */
    predict: boolean;
  } | null;
  /** The views of an image, whose logits are averaged. */
  testTimeAugmentation: PlannedViews;
}
