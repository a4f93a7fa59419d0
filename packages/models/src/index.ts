export type {
  BackboneArchitecture,
  BackboneVariant,
  KerasApplication,
  TimmModel,
  TrainedWeights,
} from './backbones/architecture.ts';
export { type BackboneMeasurements, backboneMeasurements } from './backbones/measurements.ts';
export { memberCost } from './backbones/member-cost.ts';
export type { DownloadableFile, PublishedFile, WrittenFile } from './backbones/published-file.ts';
export {
  type BackboneFamily,
  type BackboneSpec,
  backboneFamilies,
  backboneTable,
  checkBackboneSpec,
  type VariantChoice,
  variantOf,
} from './backbones/table.ts';
export {
  type BundleManifest,
  bundleManifestSchema,
  bundleSchemaVersion,
  largestDecoding,
  singleMemberManifest,
  thresholdsSchema,
  upgradeBundleManifest,
} from './bundle/manifest.ts';
export {
  type Calibration,
  type CalibrationKind,
  calibrate,
  calibrationSchema,
  fitsClassCount,
} from './calibration/calibration.ts';
export { fitTemperature } from './calibration/fit-temperature.ts';
export { fitVector } from './calibration/fit-vector.ts';
export type { LabeledRows } from './calibration/labeled-rows.ts';
export { type Classifier, type ClassifierOptions, createClassifier } from './classifier/classifier.ts';
export type { BatchNormMode, FineTuneView } from './classifier/fine-tune-view.ts';
export type { ModelWeight } from './classifier/model-weights.ts';
export type { CutPoint, FineTuneRange } from './classifier/trainable-range.ts';
export type { WeightSnapshot } from './classifier/weight-snapshot.ts';
export { ModelError } from './errors.ts';
export { kerasWeightFile } from './export/keras-weight-file.ts';
export { layersModelFiles } from './export/layers-model-files.ts';
export { createPlainEnsemble, type PlainEnsemble } from './export/plain-ensemble.ts';
export type { PlainMember } from './export/plain-member.ts';
export type { PlainNetwork } from './export/plain-network.ts';
export { type StackerSteps, stackerSteps } from './export/stacker-steps.ts';
export { type EnsembleDerivatives, ensembleDerivatives } from './grad-cam/ensemble-derivatives.ts';
export { gradCam } from './grad-cam/grad-cam.ts';
export { type GridMap, resizeMap, sumOfMaps, toHeatMap } from './grad-cam/heat-map.ts';
export { type MemberManifest, memberManifestSchema } from './member/manifest.ts';
export { compactMember, memberFromBytes, memberToBytes, type SavedMember } from './member/member-bytes.ts';
export {
  type ChannelNumbers,
  type PixelTransform,
  type Preprocessing,
  type PreprocessingName,
  preprocessingNames,
  preprocessings,
} from './preprocessing.ts';
export { philoxUniform } from './random/philox.ts';
export { streamSeed } from './random/stream-seed.ts';
export { checkValue, mistakesLine, type ValueMistake } from './schema/check-value.ts';
export type { LossCurve } from './stackers/definition.ts';
export { type MemberFeatures, type MemberOutputs, meanOfModels, outputsPerImage } from './stackers/outputs.ts';
export { toProbabilities } from './stackers/probabilities.ts';
export { balancedRowWeights } from './stackers/row-weights.ts';
export { fitStacker, minimumStackerRows, type Stacker, stackerFromJson } from './stackers/stacker.ts';
export {
  logitStackerKinds,
  type StackerJson,
  type StackerKind,
  type StackerOptions,
  stackerJsonSchema,
  stackerKinds,
  stackerOptionSchemas,
} from './stackers/table.ts';
export { Adam, type AdamOptions } from './training/adam.ts';
export { backpropagate } from './training/backpropagate.ts';
export { crossEntropy, type FromLogitsOnSigmoid, type LossOptions } from './training/cross-entropy.ts';
export type { Distillation } from './training/distillation-loss.ts';
export { GradientSum } from './training/gradient-sum.ts';
export { BestEpochs, type EpochWeights, greedySoup } from './training/greedy-soup.ts';
export { type Optimizer, type OptimizerStep, restartOptimizer } from './training/optimizer.ts';
export { Sgd, type SgdOptions } from './training/sgd.ts';
export {
  accumulateGradients,
  type StepOptions,
  trainStep,
  type UpdateOptions,
  updateFromSum,
} from './training/train-step.ts';
export type { TrainingLossOptions } from './training/training-loss.ts';
export { WeightAverage } from './training/weight-average.ts';
export { fillView } from './views/crop-pixels.ts';
export {
  type Crop,
  type CropKind,
  cropKinds,
  positionsOf,
  type TestTimeAugmentation,
  testTimeAugmentationSchema,
  unionOfViews,
  type View,
  viewsOf,
  whole,
} from './views/views.ts';
export { checkBackboneWeights } from './weights/check-backbone-weights.ts';
export { checkWeightFile } from './weights/check-weight-file.ts';
export { chooseWeightFile, type WeightFileChoice } from './weights/choose-weight-file.ts';
export { loadBackboneWeights } from './weights/load-backbone-weights.ts';
export { variantOfFile } from './weights/variant-of-file.ts';
