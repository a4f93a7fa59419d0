/** Plans of the smallest member, which tests change where they need to. */
import type { MemberPlan, StagePlan } from './plan.ts';

export const wholeStage: StagePlan = {
  name: 'whole',
  trains: 'all',
  batchNorm: 'batch',
  recalibratesBatchNorm: true,
  loss: { labelSmoothing: 0, fromLogitsOnSigmoid: null },
  optimizer: { kind: 'adam', weightDecay: 0 },
  learningRate: { kind: 'constant', value: 1e-3 },
  augmentation: { kind: 'flip' },
  batchSize: 4,
  wholeBatchesOnly: false,
  epochCount: 1,
  stopping: { keeps: 'best', patience: 2, startCounts: false },
  precision: 'float32',
};

/** The same for the head alone, which is the fastest stage. */
export function headStageOf(stage: StagePlan): StagePlan {
  return { ...stage, name: 'head', trains: 'head', batchNorm: 'moving', recalibratesBatchNorm: false };
}

export const slimMember: Omit<MemberPlan, 'stages'> = {
  name: 'slim',
  backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 },
  preprocessing: 'minus-one-to-one',
  dropout: 0,
  weights: { kind: 'random' },
  initializes: 'all',
  features: null,
  testTimeAugmentation: false,
};

/** Image indices from `start` to `end`, without `end`. */
export function imageRange(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - start }, (_, index) => start + index);
}
