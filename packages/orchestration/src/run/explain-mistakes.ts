/** Explains the errors and suspected labels of a run's report by Grad-CAM. */
import { rm } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { Calibration, StackerJson } from '@chorus/models';
import { publishFile } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { isUserMistake, messageOf } from '../exit-codes.ts';
import type { Lane } from '../lanes/lane.ts';
import { gradCamOf } from '../report/grad-cam-schema.ts';
import type { Report } from '../report/schema.ts';
import type { Dataset } from './dataset.ts';
import { explainImages } from './explain-images.ts';
import type { RunObserver } from './observer.ts';
import type { MemberPredictions, PredictingMember } from './predict-members.ts';
import type { RunFolder } from './run-folder.ts';

/** What explanations need in addition to the report. */
export interface TestedRun {
  dataset: Dataset;
  members: readonly PredictingMember[];
  student: PredictingMember | undefined;
  stacker: StackerJson;
  calibration: Calibration | null;
  /** Of the members for the test images. */
  predictions: MemberPredictions;
}

/**
 * Writes `grad-cam.json` with the maps of the test images whose pictures the report shows: evidence for the class that was
 * predicted by mistake, or that a suspected label should be. A failure is a notice, and does not end the run.
 *
 * @throws StoppedError once a stop is requested.
 */
export async function explainMistakes(
  report: Pick<Report, 'mistakes' | 'labelAudit'>,
  test: TestedRun,
  run: { lanes: readonly Lane[]; reads: SharedArrayBuffer; folder: RunFolder; observer: RunObserver },
): Promise<void> {
  const path = run.folder.gradCam;
  try {
    // The maps of an earlier attempt do not belong to this report.
    await rm(path, { force: true });
    const images = await explained(report, test, run);
    await publishFile(path, `${JSON.stringify(gradCamOf(images))}\n`);
  } catch (error) {
    if (error instanceof StoppedError) throw error;
    const reason = isUserMistake(error) ? messageOf(error) : inspect(error);
    run.observer.onNotice(`warning: the report has no Grad-CAM maps: ${reason}`);
  }
}

// --- internal ---

async function explained(
  report: Pick<Report, 'mistakes' | 'labelAudit'>,
  { dataset, members, student, stacker, calibration, predictions }: TestedRun,
  { lanes, reads }: { lanes: readonly Lane[]; reads: SharedArrayBuffer },
) {
  const { split, images, classes, pixels } = dataset;
  const chosen = shownImages(report);
  if (chosen.length === 0) return [];
  const rowOf = new Map(Array.from(split.test, (index, row) => [images[index]!.relativePath, row]));
  const rows = chosen.map(({ path }) => rowOf.get(path)!);
  const maps = await explainImages(
    lanes,
    { members, stacker, calibration },
    {
      ...{ pixels, reads },
      indices: Uint32Array.from(rows, (row) => split.test[row]!),
      labels: chosen.map((one) => classes.indexOf(one.class)),
      predictions: {
        logits: predictions.logits.map((one) => pickRows(one, rows, split.test.length)),
        features: new Map(
          [...predictions.features].map(([member, one]) => [member, pickRows(one, rows, split.test.length)]),
        ),
      },
    },
    student === undefined ? [] : [student],
  );
  return chosen.map((one, index) => ({ ...one, maps: maps[index]! }));
}

/** The test images whose pictures the report shows, with the class to explain. */
function shownImages({
  mistakes,
  labelAudit,
}: Pick<Report, 'mistakes' | 'labelAudit'>): { path: string; class: string }[] {
  const shown = [
    ...mistakes.map(({ path, predicted }) => ({ path, class: predicted })),
    ...(labelAudit?.test.worst ?? []).map(({ path, suggested }) => ({ path, class: suggested })),
  ];
  const keys = shown.map((one) => JSON.stringify(one));
  return shown.filter((_, index) => keys.indexOf(keys[index]!) === index);
}

/** Some rows of a matrix [rowCount, any width]. */
function pickRows(matrix: Float32Array, rows: readonly number[], rowCount: number): Float32Array {
  const width = matrix.length / rowCount;
  const picked = new Float32Array(rows.length * width);
  for (const [position, row] of rows.entries())
    picked.set(matrix.subarray(row * width, (row + 1) * width), position * width);
  return picked;
}
