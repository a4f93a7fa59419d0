/** What the page of a run is built from: the files of its folder. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  compareRuns,
  type GradCam,
  type Report,
  readGradCam,
  readMetrics,
  readPlan,
  type StoredEpoch,
  type StoredPlan,
} from '@chorus/orchestration';
import { sha256File } from '@chorus/storage';
import { checksumListName } from '@chorus/storage/checksum-list';
import { readPredictions, type TestPredictions } from './predictions.ts';

export interface RunData {
  /** Absolute path of the run folder. */
  folder: string;
  name: string;
  report: Report;
  startedAt: Date;
  /** In the order of the file; of epochs that a resumed run repeated, the last. */
  epochs: StoredEpoch[];
  /** Null if the run has no ensemble or the table is too large or unreadable. */
  predictions: TestPredictions | null;
  /** Null if the run has none, as runs of earlier versions, or the file is unreadable. */
  gradCam: GradCam | null;
  /** Null if the run has none, or the file is unreadable. */
  plan: StoredPlan | null;
  /** Fingerprint of the images and their split; null in runs of earlier versions. */
  datasetFingerprint: string | null;
  /** SHA-256 of the bundle's list of checksums, and thus of all its content; null without a bundle. */
  bundleSha256: string | null;
  /** What could not be read, in sentences. */
  problems: string[];
}

/**
 * Reads a run folder.
 *
 * @throws ConfigError when the path is not a run folder or has no report of this version.
 */
export async function readRun(path: string): Promise<RunData> {
  const [run] = (await compareRuns([path])).runs;
  const { folder, report, datasetFingerprint } = run!;
  const problems: string[] = [];
  const trying = async <Found>(reading: Promise<Found>, otherwise: Found): Promise<Found> => {
    try {
      return await reading;
    } catch (error) {
      problems.push((error as Error).message);
      return otherwise;
    }
  };
  const readIfThere = async <Found>(name: string, read: (path: string) => Promise<Found>): Promise<Found | null> =>
    existsSync(join(folder, name)) ? await trying(read(join(folder, name)), null) : null;
  const hasPredictions = report.bestMember !== null;
  return {
    ...{ folder, name: basename(folder), report, datasetFingerprint, problems },
    startedAt: (await stat(join(folder, 'experiment.json'))).mtime,
    epochs: await trying(readMetrics(join(folder, 'metrics.jsonl')), []),
    predictions: hasPredictions ? await trying(readPredictions(join(folder, 'predictions.csv'), report), null) : null,
    gradCam: await readIfThere('grad-cam.json', readGradCam),
    plan: await readIfThere('plan.json', readPlan),
    bundleSha256: await readIfThere(join('bundle', checksumListName), sha256File),
  };
}
