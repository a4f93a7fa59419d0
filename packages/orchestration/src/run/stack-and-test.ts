/** The second half of a run: stackers on out-of-fold predictions, then the test, the bundle and the report. */
import { join } from 'node:path';
import { foldName } from '@chorus/data';
import { gatherOutOfFold, type OutOfFoldPredictions } from '@chorus/evaluation';
import { type StackerKind, toProbabilities } from '@chorus/models';
import { publishFile } from '@chorus/storage';
import { readMember, type StopFlag } from '@chorus/training';
import { writeBundle } from '../bundle.ts';
import { studentName } from '../experiment/student.ts';
import type { Lane } from '../lanes/lane.ts';
import { analyzeEnsemble } from '../report/analyze-ensemble.ts';
import type { TestOutputs } from '../report/build.ts';
import { type AuditedImages, auditRun, reportLabelAudit } from '../report/label-audit.ts';
import { runIssuesCsv } from '../report/label-issues-csv.ts';
import { predictionsFile } from '../report/predictions-file.ts';
import type { Report } from '../report/schema.ts';
import { compareStudent } from '../report/student.ts';
import { type Choice, fitAndChoose } from '../stacking/choose.ts';
import { findThresholds } from '../stacking/thresholds.ts';
import { type Dataset, decodingOf, labelsOf } from './dataset.ts';
import type { FeatureCache } from './feature-cache.ts';
import type { RunObserver } from './observer.ts';
import { type PredictingMember, predictMembers, withSharedWeights } from './predict-members.ts';
import type { RunFolder } from './run-folder.ts';
import { runImagesOf } from './run-images.ts';
import { phaseNames, type RunParts, reportWithEnsemble } from './run-report.ts';
import { predictInSlices, Slices } from './slices.ts';
import type { MemberOutcome, MemberRun, Training } from './train-members.ts';
import { type OutOfFoldTeacher, trainStudent } from './train-student.ts';

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
}

interface TrainedEnsembleMember {
  name: string;
  trainings: readonly Training[];
}

/**
 * Fits the stackers, chooses one, trains the student, if there is one, and tests everything on images that were not read before.
 * Writes the predictions, the bundle, the label issues and the report.
 *
 * @param done members that are trained on every fold, in the order of the experiment.
 * @returns the report.
 */
export async function stackAndTest(
  parts: Omit<RunParts, 'testImagesReadBeforeChoice'>,
  done: readonly TrainedEnsembleMember[],
  run: StackingRun,
): Promise<Report> {
  const { dataset, timeline, start, plan } = parts;
  const { experiment } = start;
  const { classes, split } = dataset;
  const predictions = done.map(({ trainings }) => outOfFoldPredictions(dataset, trainings));
  const outOfFold = predictions[0]!.indices;
  const choice = await fitAndChoose(
    predictions.map(({ logits }) => logits),
    labelsOf(dataset, outOfFold),
    { ...plan.stackers, classes, stop: run.stop, onProgress: run.observer.onStacking },
  );
  timeline.end(phaseNames.stack);
  run.observer.onChoice(choice);
  const student = await studentOutcome(
    { ...run, dataset, plan },
    { indices: outOfFold, probabilities: choice.chosenOutOfFold },
  );
  if (student !== undefined) timeline.end(phaseNames.student);
  const read = new Uint8Array(run.reads);
  const testImagesReadBeforeChoice = split.test.filter((index) => read[index] === 1).length;

  // All choices are made; the test images are read from here on.
  const members = await Promise.all(done.map(loadMember));
  const studentModel =
    student?.status === 'done' ? await loadMember({ name: studentName, trainings: student.trainings }) : undefined;
  const slices = new Slices(run.stop);
  const test = await testOutputs(choice, members, studentModel, parts, run, slices);
  timeline.end(phaseNames.test);

  // Predictions for the members' own training images agree with wrong labels that the members have memorized, and are too
  // confident.
  const areUnseen = experiment.stacking.kind !== 'training-images';
  const labels = labelsOf(dataset, outOfFold);
  const thresholds = areUnseen
    ? await findThresholds({ probabilities: choice.chosenOutOfFold, labels }, classes.length, slices)
    : null;
  await writeBundle(
    run.folder.bundle,
    {
      name: experiment.name,
      classes,
      decoding: decodingOf(experiment),
      testTimeAugmentation: experiment.testTimeAugmentation,
      demo: parts.demo,
      chosen: choice.chosen,
      thresholds,
    },
    members,
    new Map(choice.stackers.map(({ kind, stacker }) => [kind, stacker])),
    runImagesOf(split, dataset.sha256),
    studentModel,
  );
  const columns = [...test.members, ...test.stackers].map(([name, probabilities]) => ({ name, probabilities }));
  if (test.student !== undefined) columns.push({ name: studentName, probabilities: test.student });
  await publishFile(run.folder.predictions, await predictionsFile(test.paths, test.labels, classes, columns, slices));
  const audit = await auditRun(
    areUnseen ? trainingImagesOf(dataset, outOfFold, choice) : null,
    { ...test, probabilities: test.stackers.get(choice.chosen)! },
    classes,
    slices,
  );
  await publishFile(run.folder.labelIssues, runIssuesCsv(audit));
  const names = done.map(({ name }) => name);
  const { seed } = experiment;
  const analysis =
    thresholds && (await analyzeEnsemble({ choice, thresholds, names, labels, test, classes, seed }, slices));
  const work = run.lanes.flatMap((lane) => lane.work);
  const compared =
    studentModel &&
    (await compareStudent({ choice, test, student: studentModel, members, work, classes, seed }, slices));
  const report = await reportWithEnsemble(
    { ...parts, student, testImagesReadBeforeChoice },
    choice,
    names,
    test,
    { labelAudit: reportLabelAudit(audit), analysis, student: compared },
    slices,
  );
  await writeReport(run.folder, report);
  return report;
}

export async function writeReport(folder: RunFolder, report: Report): Promise<void> {
  await publishFile(folder.report, `${JSON.stringify(report, null, 2)}\n`);
}

// --- internal ---

/** Trains the student, if the plan has one. */
async function studentOutcome(run: MemberRun, ensemble: OutOfFoldTeacher): Promise<MemberOutcome | undefined> {
  const { student } = run.plan;
  return student && trainStudent(run, student, ensemble);
}

async function testOutputs(
  choice: Choice,
  members: readonly PredictingMember[],
  student: PredictingMember | undefined,
  { dataset, start }: Pick<RunParts, 'dataset' | 'start'>,
  { lanes, reads }: StackingRun,
  slices: Slices,
): Promise<TestOutputs> {
  const { classes, images, split, pixels } = dataset;
  const all = await predictMembers(lanes, student === undefined ? members : [...members, student], {
    ...{ pixels, reads, indices: split.test },
    testTimeAugmentation: start.experiment.testTimeAugmentation,
  });
  const logits = all.slice(0, members.length);
  const rows = { rowCount: split.test.length, classCount: classes.length };
  const probabilitiesOf = (one: Float32Array) =>
    predictInSlices([one], rows, ([some]) => toProbabilities(some!, classes.length), slices);
  const memberOutputs = new Map<string, Float32Array>();
  for (const [index, { name }] of members.entries()) memberOutputs.set(name, await probabilitiesOf(logits[index]!));
  const stackerOutputs = new Map<StackerKind, Float32Array>();
  for (const { kind, stacker } of choice.stackers)
    stackerOutputs.set(kind, await predictInSlices(logits, rows, (some) => stacker.predict(some), slices));
  return {
    paths: Array.from(split.test, (index) => images[index]!.relativePath),
    labels: labelsOf(dataset, split.test),
    members: memberOutputs,
    stackers: stackerOutputs,
    ...(student === undefined ? {} : { student: await probabilitiesOf(all.at(-1)!) }),
  };
}

/** The images that the stackers are trained on, with the chosen stacker's cross-validated probabilities. */
function trainingImagesOf(dataset: Dataset, indices: Uint32Array, { chosenOutOfFold }: Choice): AuditedImages {
  return {
    paths: Array.from(indices, (index) => dataset.images[index]!.relativePath),
    labels: labelsOf(dataset, indices),
    probabilities: chosenOutOfFold,
  };
}

/** A member with the models that predict for it, from disk. */
async function loadMember({ name, trainings }: TrainedEnsembleMember): Promise<PredictingMember> {
  const models: PredictingMember['models'][number][] = [];
  for (const { folder, fold } of trainings.filter(({ keepsWeights }) => keepsWeights)) {
    const { manifest, weights } = await readMember(folder);
    if (weights === undefined) throw new Error(`${folder}: no weights of ${foldName(fold)}, which predicts`);
    models.push({ ...withSharedWeights({ manifest, weights }), path: join(folder, 'weights.bin') });
  }
  return { name, models };
}

/** One member's predictions on every image that some fold left out. */
function outOfFoldPredictions({ split }: Dataset, trainings: readonly Training[]): OutOfFoldPredictions {
  const { outputCount } = trainings[0]!.manifest;
  return gatherOutOfFold(
    trainings.map(({ fold, outOfFoldLogits }, position) => ({
      name: foldName(fold),
      indices: split.folds[position]!.outOfFold,
      logits: outOfFoldLogits,
    })),
    outputCount,
  );
}
