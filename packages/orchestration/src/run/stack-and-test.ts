/** The second half of a run: stackers on out-of-fold predictions, then the test, the bundle and the report. */
import { join } from 'node:path';
import { foldName } from '@chorus/data';
import { gatherOutOfFold, type OutOfFoldPredictions } from '@chorus/evaluation';
import {
  balancedRowWeights,
  type Calibration,
  calibrate,
  positionsOf,
  type StackerKind,
  type TestTimeAugmentation,
  toProbabilities,
  viewsOf,
} from '@chorus/models';
import { publishFile } from '@chorus/storage';
import {
  meanOfViews,
  readMember,
  type SharedFeatures,
  type StopFlag,
  viewCandidates,
  viewsToPredict,
} from '@chorus/training';
import { writeBundle } from '../bundle.ts';
import { studentName } from '../experiment/student.ts';
import { plannedViewsOf } from '../experiment/test-time-augmentation.ts';
import type { Lane } from '../lanes/lane.ts';
import { notesOnFeatureStacker } from '../plan/feature-stacker.ts';
import { analyzeEnsemble } from '../report/analyze-ensemble.ts';
import { reportMistakes, type TestOutputs } from '../report/build.ts';
import { type AuditedImages, auditRun, reportLabelAudit } from '../report/label-audit.ts';
import { runIssuesCsv } from '../report/label-issues-csv.ts';
import { memberSize, reportCosts, type SizedMember } from '../report/member-costs.ts';
import { ensembleColumn } from '../report/predictions-csv.ts';
import { predictionsFile } from '../report/predictions-file.ts';
import type { Report } from '../report/schema.ts';
import { compareStudent } from '../report/student.ts';
import { type Choice, fitAndChoose } from '../stacking/choose.ts';
import { chooseCalibration } from '../stacking/choose-calibration.ts';
import { chooseEnsemble } from '../stacking/choose-ensemble.ts';
import { chooseViews } from '../stacking/choose-views.ts';
import { featuresOfImages } from '../stacking/member-features.ts';
import { findThresholds } from '../stacking/thresholds.ts';
import { type Dataset, decodingOf, labelsOf } from './dataset.ts';
import { explainMistakes } from './explain-mistakes.ts';
import type { FeatureCache } from './feature-cache.ts';
import type { RunObserver } from './observer.ts';
import { type MemberPredictions, type PredictingMember, predictMembers, withSharedWeights } from './predict-members.ts';
import type { RunFolder } from './run-folder.ts';
import { runImagesOf } from './run-images.ts';
import { phaseNames, type RunParts, reportWithEnsemble } from './run-report.ts';
import { predictInSlices, Slices } from './slices.ts';
import type { MemberRun, Training } from './train-members.ts';
import { trainStudent } from './train-student.ts';

/** What stacking and testing need in addition to the results of the trainings. */
export interface StackingRun {
  folder: RunFolder;
  lanes: readonly Lane[];
  /** Uint8 per image, set when a lane reads it. */
  reads: SharedArrayBuffer;
  stop: StopFlag;
  observer: RunObserver;
  /** For the features of the student. */
  featureCache?: FeatureCache | undefined;
  /** Time between two checkpoints of the student's training. */
  checkpointSeconds: number;
  /** When the student's training has to end. */
  studentLimits?: MemberRun['limits'];
  /** As in {@link MemberRun}. */
  reportsDetails?: boolean | undefined;
}

export interface TrainedEnsembleMember {
  name: string;
  trainings: readonly Training[];
  /** Pooled features of all training images, if a stacker reads them. */
  features?: SharedFeatures | undefined;
}

/**
 * Fits the stackers, chooses one, trains the student, if there is one, and tests everything on images that were not read before.
 * Writes the predictions, the bundle, the label issues, the Grad-CAM maps and the report.
 *
 * @param trained members that are trained on every fold, in the order of the experiment.
 * @returns the report.
 */
export async function stackAndTest(
  parts: Omit<RunParts, 'testImagesReadBeforeChoice'>,
  trained: readonly TrainedEnsembleMember[],
  run: StackingRun,
): Promise<Report> {
  const { dataset, timeline, start, plan } = parts;
  const { experiment } = start;
  const { classes, split } = dataset;
  const planned = plannedViewsOf(experiment);
  const outOfFold = outOfFoldPredictions(dataset, trained[0]!.trainings).indices;
  const labels = labelsOf(dataset, outOfFold);
  const weights = plan.stackers.balancesClasses ? balancedRowWeights(labels) : undefined;
  const sizes = trained.map(sizeOf);
  const fit = (members: readonly number[], kind: TestTimeAugmentation) => {
    const features = featuresOfImages(
      members.map((index) => trained[index]!.features),
      outOfFold,
      kind,
    );
    // The members that have features may have failed, or may have been dropped.
    const kinds = plan.stackers.kinds.filter((stacker) => stacker !== 'features' || features.size > 0);
    const { stop, observer } = run;
    return fitAndChoose(
      members.map((index) => outOfFoldPredictions(dataset, trained[index]!.trainings, kind).logits),
      labels,
      { ...plan.stackers, kinds, features, classes, stop, onProgress: observer.onStacking },
    );
  };
  const everyMember = [...trained.keys()];
  const chosenViews =
    planned === 'auto'
      ? await chooseViews(viewCandidates, { labels, weights, classCount: classes.length }, (kind) =>
          fit(everyMember, kind),
        )
      : undefined;
  const testTimeAugmentation = planned === 'auto' ? chosenViews!.kind : planned;
  const { choice, memberScores, kept, pruning } = await chooseEnsemble(
    sizes,
    labels,
    experiment,
    (members) =>
      chosenViews !== undefined && members.length === trained.length
        ? Promise.resolve(chosenViews.choice)
        : fit(members, testTimeAugmentation),
    weights,
  );
  const stackerNotes = [
    ...notesOnFeatureStacker(experiment.stackers.kinds, plan),
    ...(choice.stackers.length < plan.stackers.kinds.length
      ? ['the stacker "features" is left out: no member with a frozen backbone is left']
      : []),
    ...choice.notes,
  ];
  const done = trained.filter(({ name }) => kept.includes(name));
  // Predictions for the members' own training images agree with wrong labels that the members have memorized, and are too
  // confident.
  const areUnseen = experiment.stacking.kind !== 'training-images';
  const slices = new Slices(run.stop);
  const calibration = areUnseen
    ? await chooseCalibration(
        { probabilities: choice.chosenOutOfFold, labels, weights },
        { setting: experiment.calibration, classCount: classes.length, seed: experiment.seed, slices },
      )
    : null;
  timeline.end(phaseNames.stack);
  run.observer.onChoice(choice);
  const student =
    plan.student &&
    (await trainStudent({ ...run, dataset, plan, limits: run.studentLimits }, plan.student, {
      indices: outOfFold,
      probabilities: calibration?.outOfFold ?? choice.chosenOutOfFold,
    }));
  if (student !== undefined) timeline.end(phaseNames.student);
  const read = new Uint8Array(run.reads);
  const testImagesReadBeforeChoice = split.test.filter((index) => read[index] === 1).length;

  // All choices are made; the test images are read from here on.
  const members = await Promise.all(done.map(loadMember));
  const studentModel =
    student?.status === 'done' ? await loadMember({ name: studentName, trainings: student.trainings }) : undefined;
  const applied = calibration?.applied ?? null;
  const { test, predictions } = await testOutputs(
    choice,
    applied,
    { members, student: studentModel },
    { dataset, testTimeAugmentation },
    run,
    slices,
  );
  timeline.end(phaseNames.test);

  const thresholds =
    calibration && (await findThresholds({ probabilities: calibration.outOfFold, labels }, classes.length, slices));
  await writeBundle(
    run.folder.bundle,
    {
      name: experiment.name,
      classes,
      decoding: decodingOf(experiment),
      testTimeAugmentation,
      demo: parts.demo,
      balancesClasses: plan.stackers.balancesClasses ?? false,
      chosen: choice.chosen,
      thresholds,
      calibration: applied,
    },
    members,
    new Map(choice.stackers.map(({ kind, stacker }) => [kind, stacker])),
    runImagesOf(split, dataset.sha256),
    studentModel,
  );
  const calibrated = applied === null ? [] : [[ensembleColumn(choice.chosen, applied.kind), test.ensemble] as const];
  const columns = [...test.members, ...test.stackers, ...calibrated].map(([name, probabilities]) => ({
    name,
    probabilities,
  }));
  if (test.student !== undefined) columns.push({ name: studentName, probabilities: test.student });
  await publishFile(run.folder.predictions, await predictionsFile(test.paths, test.labels, classes, columns, slices));
  const audit = await auditRun(
    areUnseen ? trainingImagesOf(dataset, outOfFold, choice) : null,
    { ...test, probabilities: test.stackers.get(choice.chosen)! },
    classes,
    slices,
  );
  await publishFile(run.folder.labelIssues, runIssuesCsv(audit));
  const mistakes = reportMistakes(test, classes);
  const labelAudit = reportLabelAudit(audit);
  const stacker = choice.stackers.find(({ kind }) => kind === choice.chosen)!.stacker.toJSON();
  await explainMistakes(
    { mistakes, labelAudit },
    { ...{ dataset, members, student: studentModel }, ...{ stacker, calibration: applied, predictions } },
    run,
  );
  const { seed } = experiment;
  const analysis =
    calibration &&
    thresholds &&
    (await analyzeEnsemble({ choice, calibration, thresholds, names: kept, labels, test, classes, seed }, slices));
  const work = run.lanes.flatMap((lane) => lane.work);
  const viewCount = viewsOf(testTimeAugmentation).length;
  const costs = reportCosts(sizes, kept, work, { testCount: test.labels.length, viewCount });
  const compared =
    studentModel &&
    (await compareStudent({ choice, test, student: studentModel, members, work, classes, seed }, slices));
  const report = await reportWithEnsemble(
    { ...parts, student, testImagesReadBeforeChoice },
    { choice, memberScores, kept },
    test,
    {
      ...{ mistakes, labelAudit, analysis, costs, pruning, stackerNotes, student: compared },
      testTimeAugmentation: chosenViews?.report ?? null,
    },
    slices,
  );
  await writeReport(run.folder, report);
  return report;
}

export async function writeReport(folder: RunFolder, report: Report): Promise<void> {
  await publishFile(folder.report, `${JSON.stringify(report, null, 2)}\n`);
}

/** The size of a member in the bundle. */
export function sizeOf({ name, trainings }: TrainedEnsembleMember): SizedMember {
  return memberSize(
    name,
    keptTrainings(trainings).map(({ manifest }) => manifest),
  );
}

// --- internal ---

async function testOutputs(
  choice: Choice,
  calibration: Calibration | null,
  { members, student }: { members: readonly PredictingMember[]; student: PredictingMember | undefined },
  { dataset, testTimeAugmentation }: { dataset: Dataset; testTimeAugmentation: TestTimeAugmentation },
  { lanes, reads }: StackingRun,
  slices: Slices,
): Promise<{ test: TestOutputs; predictions: MemberPredictions }> {
  const { classes, images, split, pixels } = dataset;
  const featureMembers = [...new Set(choice.stackers.flatMap(({ stacker }) => stacker.featureMembers))];
  const predicted = await predictMembers(lanes, student === undefined ? members : [...members, student], {
    ...{ pixels, reads, indices: split.test },
    testTimeAugmentation,
    featureMembers,
  });
  const logits = predicted.logits.slice(0, members.length);
  const rows = { rowCount: split.test.length, classCount: classes.length };
  const probabilitiesOf = (one: Float32Array) =>
    predictInSlices([one], rows, ([some]) => toProbabilities(some!, classes.length), slices);
  const memberOutputs = new Map<string, Float32Array>();
  for (const [index, { name }] of members.entries()) memberOutputs.set(name, await probabilitiesOf(logits[index]!));
  const stackerOutputs = new Map<StackerKind, Float32Array>();
  const read = [...logits, ...featureMembers.map((member) => predicted.features.get(member)!)];
  for (const { kind, stacker } of choice.stackers) {
    const predict = (some: Float32Array[]) =>
      stacker.predict(
        some.slice(0, logits.length),
        new Map(featureMembers.map((member, position) => [member, some[logits.length + position]!])),
      );
    stackerOutputs.set(kind, await predictInSlices(read, rows, predict, slices));
  }
  const test = {
    paths: Array.from(split.test, (index) => images[index]!.relativePath),
    labels: labelsOf(dataset, split.test),
    members: memberOutputs,
    stackers: stackerOutputs,
    ensemble: await predictInSlices(
      [stackerOutputs.get(choice.chosen)!],
      rows,
      ([some]) => calibrate(some!, calibration, classes.length),
      slices,
    ),
    ...(student === undefined ? {} : { student: await probabilitiesOf(predicted.logits.at(-1)!) }),
  };
  return { test, predictions: { logits, features: predicted.features } };
}

/** The images that the stackers are trained on, with the chosen stacker's cross-validated probabilities. */
function trainingImagesOf(dataset: Dataset, indices: Uint32Array, { chosenOutOfFold }: Choice): AuditedImages {
  return {
    paths: Array.from(indices, (index) => dataset.images[index]!.relativePath),
    labels: labelsOf(dataset, indices),
    probabilities: chosenOutOfFold,
  };
}

/** The trainings whose models predict for a member. */
function keptTrainings(trainings: readonly Training[]): Training[] {
  return trainings.filter(({ keepsWeights }) => keepsWeights);
}

/** A member with the models that predict for it, from disk. */
async function loadMember({ name, trainings }: TrainedEnsembleMember): Promise<PredictingMember> {
  const models: PredictingMember['models'][number][] = [];
  for (const { folder, fold } of keptTrainings(trainings)) {
    const { manifest, weights } = await readMember(folder);
    if (weights === undefined) throw new Error(`${folder}: no weights of ${foldName(fold)}, which predicts`);
    models.push({ ...withSharedWeights({ manifest, weights }), path: join(folder, 'weights.bin') });
  }
  return { name, models };
}

/**
 * One member's predictions on every image that some fold left out.
 *
 * @param kind the views to average, if the run chooses them.
 */
function outOfFoldPredictions(
  { split }: Dataset,
  trainings: readonly Training[],
  kind?: TestTimeAugmentation,
): OutOfFoldPredictions {
  const { outputCount } = trainings[0]!.manifest;
  return gatherOutOfFold(
    trainings.map((training, position) => ({
      name: foldName(training.fold),
      indices: split.folds[position]!.outOfFold,
      logits: outOfFoldLogits(training, kind),
    })),
    outputCount,
  );
}

function outOfFoldLogits({ manifest, ...training }: Training, kind?: TestTimeAugmentation): Float32Array {
  const { outOfFoldViews } = training;
  if (outOfFoldViews === undefined || kind === undefined) return training.outOfFoldLogits;
  const views = viewsToPredict('auto');
  const options = { width: manifest.outputCount, viewsPerImage: views.length };
  return meanOfViews(outOfFoldViews, { ...options, positions: positionsOf(viewsOf(kind), views) });
}
