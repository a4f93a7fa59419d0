export { balancedLogLoss } from './balanced-log-loss.ts';
export { bootstrapIntervals, bootstrapLossDifference, type Interval, type ScoreIntervals } from './bootstrap.ts';
export { type Calibration, measureCalibration } from './calibration.ts';
export { lowestLogLoss } from './choose.ts';
export { compareClassifiers } from './compare-classifiers.ts';
export { compareStackers } from './compare-stackers.ts';
export { conformalThreshold, measureSets, predictionSet, type SetCoverage } from './conformal.ts';
export {
  type CoveragePoint,
  coverageCurve,
  type ThresholdCurve,
  type ThresholdPoint,
  thresholdCurve,
} from './curves.ts';
export { comparePairs, type MemberPair, marginalGains } from './diversity.ts';
export { auditLabels, type LabelAudit, type LabelIssue, labelIssueSchema } from './label-issues/audit-labels.ts';
export { findLabelIssues } from './label-issues/find-label-issues.ts';
export type { LabeledProbabilities } from './label-issues/labeled-probabilities.ts';
export { logLossOf } from './losses.ts';
export { majorityShare } from './majority-share.ts';
export { holm } from './mcnemar.ts';
export { findMistakes } from './mistakes.ts';
export { predictByNeighborsWithPauses } from './nearest-neighbors.ts';
export { type FoldPredictions, gatherOutOfFold, type OutOfFoldPredictions } from './out-of-fold.ts';
export { argmax, type Score, scoreProbabilities, scoreWithPauses } from './score.ts';
export {
  type McnemarReport,
  type Mistake,
  mcnemarSchema,
  mistakeSchema,
  type OutOfFoldScore,
  outOfFoldScoreSchema,
  scoreSchema,
} from './score-schema.ts';
export { type SeedScore, scoreOverSeeds } from './seed-interval.ts';
export { measureSelection, type Selection, thresholdForAccuracy, thresholdForShare } from './selective.ts';
export { type VerdictFacts, verdict } from './verdict.ts';
export { wilson95 } from './wilson.ts';
