export { activationBudgetBytes } from './activation-cache.ts';
export { augmentPixels } from './augment/augment-pixels.ts';
export { type Labels, labelTensor } from './augment/labels.ts';
export { drawParameters, parametersOf } from './augment/parameters.ts';
export { previewAugmentation } from './augment/preview.ts';
export { type AugmentationSettings, type RandomAugmentation, unchanged } from './augment/settings.ts';
export { type Augmentation, flipsOf, viewsPerImage } from './augmentation.ts';
export type { CachedCopies, DrawnCopies } from './cached-copies.ts';
export { StoppedError, TrainingError } from './errors.ts';
export { batchCountOf, forwardBatchSize, forwardRows } from './forward-rows.ts';
export { prepareImageFunction } from './image-function.ts';
export { ImageReader } from './image-reader.ts';
export { expectTask, type LaneProgress, readProgress, sharedProgress } from './lane-progress.ts';
export type { LearningRate } from './learning-rate.ts';
export { type MemberRecord, readMember, type TrainedMember, writeMember } from './member-folder.ts';
export { exposeObserver } from './observer-port.ts';
export {
  type InitialWeights,
  type MemberPlan,
  type OptimizerPlan,
  type PlannedViews,
  type Precision,
  precisions,
  type StagePlan,
  type Stopping,
} from './plan.ts';
export { planDifference } from './plan-difference.ts';
export { meanOfViews } from './predict-images.ts';
export {
  type ComputeSettings,
  type ForwardSettings,
  type PreparedFunction,
  prepareFunction,
} from './prepared-function.ts';
export type {
  AugmentedImages,
  BatchProgress,
  CompiledMetrics,
  EpochDetails,
  EpochMetrics,
  EvidenceMaps,
  ExplainTask,
  FeaturesTask,
  ImageRange,
  LaneObserver,
  LaneRequest,
  LaneResult,
  LaneStartup,
  LaneTask,
  PredictTask,
  ReleaseTask,
  SharedFeatures,
  Teacher,
  TrainingLimit,
  TrainingPlace,
  TrainingResult,
  TrainTask,
} from './protocol.ts';
export { mostConfusionClasses } from './protocol.ts';
export { requireFinite } from './require-finite.ts';
export { type Retry, retrySchema, retryText } from './retry.ts';
export { type StageName, stageNameSchema } from './stage-name.ts';
export { StopFlag } from './stop-flag.ts';
export { type RateSuggestion, smoothed, suggestRate } from './suggest-rate.ts';
export { fewestSweepSteps, type RateSweep, sweepRates } from './sweep-rates.ts';
export { describeError, type Outcome, outcomeOf, type ThreadError } from './thread-outcome.ts';
export { recipeOf, type TrainedPlan, trainedPlanOf } from './trained-plan.ts';
export { rowsOfViews, viewCandidates, viewsInRows, viewsToPredict } from './views.ts';
export { maximumWeightBytes, readWeightFile } from './weight-file.ts';
export type { WeightHistogram } from './weight-histogram.ts';
