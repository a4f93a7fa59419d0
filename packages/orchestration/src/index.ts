export type { Score } from '@chorus/evaluation';
export { listDevices, type OnSetupProgress, setupOnnxruntime, setupRuntime } from '@chorus/runtime';
export { type EpochMetrics, type StageName, type StagePlan as PlannedStage, StoppedError } from '@chorus/training';
export { type AugmentationSheetOptions, writeAugmentationSheet } from './augmentation-sheet.ts';
export { type Bundle, type BundleManifest, readBundle } from './bundle.ts';
export { type BundleClassifier, type ClassifiedImage, openBundleClassifier } from './bundle-classifier.ts';
export { cacheLeftOvers } from './cache-left-overs.ts';
export { type CheckOptions, checkRun, type PresetCandidate } from './check/check-run.ts';
export { type CheckReport, checkReportSchema } from './check/schema.ts';
export { csvRows } from './csv-rows.ts';
export { type DiagnoseOptions, diagnose, isReady } from './diagnose/diagnose.ts';
export type { Finding, Fix } from './diagnose/finding.ts';
export { type Advice, type AdviceCode, adviceOf, ConfigError, TooFewMembersError } from './errors.ts';
export { type EvaluateOptions, type Evaluation, evaluateBundle, type LabeledPrediction } from './evaluate.ts';
export { type EvaluationFilePaths, requireEvaluationFiles, writeEvaluationFiles } from './evaluation-csv.ts';
export { classifyError, exitCodes, messageOf } from './exit-codes.ts';
export { type AugmentationPreset, augmentationOf, augmentationPresets } from './experiment/augmentation.ts';
export { excludeListOf } from './experiment/exclude-list.ts';
export { defineConfig, type ExperimentFile } from './experiment/experiment-file.ts';
export { type PresetDescription, presetDescriptions, presetNames } from './experiment/presets/presets.ts';
export { resolveExperiment } from './experiment/resolve.ts';
export type { Experiment, ExperimentInput } from './experiment/schema.ts';
export { type ExplanationFiles, openExplanationFiles } from './explanation-files.ts';
export { type CompactEncoding, type CompactResult, compactBundle, compactEncodings } from './export/compact-bundle.ts';
export { type ExportDescription, type ExportFormat, exportFormats, formatAmong } from './export/description.ts';
export { type ExportResult, exportBundle } from './export/export-bundle.ts';
export { extractFeatures, type Features, type FeaturesOptions, writeFeatures } from './features.ts';
export { threadsOfAnOp } from './lanes/plan.ts';
export { readPlan, type StoredPlan, type StoredPlannedMember } from './plan/read-plan.ts';
export { planRun, type RunPlan } from './plan-run.ts';
export { type Prediction, type PredictionChunk, predictFiles, predictStream } from './predict.ts';
export { openPredictionFiles, type PredictionFilePaths, type PredictionFiles } from './prediction-files.ts';
export { prefetchPreset } from './prefetch.ts';
export { prepareCandidates, prepareExperiment } from './prepare.ts';
export { type FindRatesOptions, type FoundRate, findRates } from './rates/find-rates.ts';
export { requireRatePlot, writeRatePlot } from './rates/rate-plot-file.ts';
export {
  type Explanation,
  type GradCam,
  type GradCamImage,
  gradCamSchema,
  readGradCam,
} from './report/grad-cam-schema.ts';
export { ensembleColumn } from './report/predictions-csv.ts';
export { type RunLabelIssue, readRunIssues } from './report/read-run-issues.ts';
export { type ImageCounts, type Report, reportSchema } from './report/schema.ts';
export type { ImageSelection, ImageUse } from './run/choose-images.ts';
export type { ClassifyOptions } from './run/classify-images.ts';
export { dataFolder, isNamedSource } from './run/dataset.ts';
export type { KeyDifference } from './run/experiment-differences.ts';
export { FeatureCache, featureCacheFolder } from './run/feature-cache.ts';
export { type FoundImages, findImages } from './run/find-images.ts';
export type { ImageInput } from './run/image-input.ts';
export { isNamedWeights, weightSource } from './run/initial-weights.ts';
export { readMetrics, type StoredEpoch } from './run/metrics-log.ts';
export type { MemberState, RunObserver } from './run/observer.ts';
export {
  compareRuns,
  describeRun,
  listRuns,
  type PastRun,
  type RunComparison,
  type RunState,
  removeRun,
} from './run/past-runs.ts';
export { defaultRunFolderName } from './run/run-folder.ts';
export { stackerFoldCount } from './stacking/choose.ts';
export { type RunResult, type TrainOptions, train } from './train.ts';
export { type SeedScores, type SeedsOptions, type SeedsResult, type SeedsSummary, trainSeeds } from './train-seeds.ts';
