/** What the page of a run is built from: the files of its folder. */
import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { compareRuns, type GradCam, type Report, readGradCam } from '@chorus/orchestration';
import { z } from 'zod';
import { readPredictions, type TestPredictions } from './predictions.ts';

/** An epoch of a training, from `metrics.jsonl`. */
export type Epoch = z.output<typeof epochSchema>;

export interface RunData {
  /** Absolute path of the run folder. */
  folder: string;
  name: string;
  report: Report;
  startedAt: Date;
  /** In the order of the file; of epochs that a resumed run repeated, the last. */
  epochs: Epoch[];
  /** Null if the run has no ensemble or the table is too large or unreadable. */
  predictions: TestPredictions | null;
  /** Null if the run has none, as runs of earlier versions, or the file is unreadable. */
  gradCam: GradCam | null;
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
  const { folder, report } = run!;
  const problems: string[] = [];
  const trying = async <Found>(reading: Promise<Found>, otherwise: Found): Promise<Found> => {
    try {
      return await reading;
    } catch (error) {
      problems.push((error as Error).message);
      return otherwise;
    }
  };
  const gradCam = join(folder, 'grad-cam.json');
  const hasPredictions = report.bestMember !== null;
  return {
    ...{ folder, name: basename(folder), report, problems },
    startedAt: (await stat(join(folder, 'experiment.json'))).mtime,
    epochs: await trying(readEpochs(join(folder, 'metrics.jsonl')), []),
    predictions: hasPredictions ? await trying(readPredictions(join(folder, 'predictions.csv'), report), null) : null,
    gradCam: existsSync(gradCam) ? await trying(readGradCam(gradCam), null) : null,
  };
}

// --- internal ---

const epochSchema = z.object({
  task: z.string(),
  member: z.string(),
  fold: z.looseObject({ kind: z.enum(['holdout', 'fold', 'all']) }),
  stage: z.string(),
  epochIndex: z.int().min(0),
  loss: z.number().nullable(),
  tuneLoss: z.number().nullable(),
  tuneAccuracy: z.number().nullable(),
  best: z.boolean(),
});

async function readEpochs(path: string): Promise<Epoch[]> {
  const found = new Map<string, Epoch>();
  const stream = createReadStream(path);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const epoch = epochSchema.safeParse(parsed(line)).data;
      // The last line of a killed run may be incomplete.
      if (epoch !== undefined) found.set(`${epoch.task}\n${epoch.stage}\n${epoch.epochIndex}`, epoch);
    }
  } finally {
    stream.destroy();
  }
  return [...found.values()];
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
