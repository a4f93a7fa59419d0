/** What has been edited since a run was started: its experiment, or its images. */
import { readJsonFile, StorageError, UnreadableFileError } from '@chorus/storage';
import { planDifference } from '@chorus/training';
import { z } from 'zod';
import { advise, ConfigError } from '../errors.ts';
import { experimentSchema } from '../experiment/schema.ts';
import type { Dataset } from './dataset.ts';
import { experimentDifferences } from './experiment-differences.ts';
import type { RunFolder, RunStart } from './run-folder.ts';

/**
 * Compares the experiment of a run folder with the one that its last part ran, which `plan.json` has.
 *
 * @returns a text per difference, such as `recipe.whole.epochCount was 2, is now 3`, without those that have been accepted; none if
 * there is no such plan.
 * @param onNotice receives a message if the plan is damaged, so that edits are not noticed.
 */
export async function experimentEdits(folder: RunFolder, onNotice: (notice: string) => void): Promise<string[]> {
  const { experiment: now, edits: accepted = [] } = await folder.readStart();
  const before = await plannedExperiment(folder, onNotice);
  if (before === undefined) return [];
  const texts = experimentDifferences([before, now]).map(
    ({ key, values: [a, b] }) => planDifference({ [key]: a }, { [key]: b })!,
  );
  // A run that is killed right after an edit was accepted still has the plan before it.
  return texts.filter((text) => !accepted.includes(text));
}

/** What identifies the images of a run, and describes them in case they change. */
export function startedImages({
  fingerprint,
  classes,
  images,
  labels,
  sha256,
}: Dataset): Pick<RunStart, 'datasetFingerprint' | 'images'> {
  const counts = new Array<number>(classes.length).fill(0);
  const labelOf = new Int32Array(labels);
  for (const index of images.keys()) if (sha256[index] !== null) counts[labelOf[index]!]! += 1;
  return {
    datasetFingerprint: fingerprint,
    images: classes.map((name, label) => ({ class: name, count: counts[label]! })),
  };
}

/**
 * Compares the images with those that a run was started with.
 *
 * @returns a text per difference.
 */
export function imageEdits(start: RunStart, dataset: Dataset): string[] {
  const now = startedImages(dataset);
  if (start.datasetFingerprint === null || start.datasetFingerprint === now.datasetFingerprint) return [];
  const texts = start.images === undefined ? [] : classDifferences(start.images, now.images!);
  return texts.length > 0 ? texts : ['the content or the names of images, or what they are used for'];
}

/**
 * Refuses what has been edited, unless it is accepted.
 *
 * @throws ConfigError listing the edits.
 */
export function requireAccepted(
  edits: readonly string[],
  { isAccepted, folder }: { isAccepted: boolean; folder: string },
): void {
  if (isAccepted || edits.length === 0) return;
  const message = `This has changed since the run in ${folder} was started:`;
  throw advise(new ConfigError(message, edits), { code: 'run-edited' });
}

// --- internal ---

const planSchema = z.looseObject({ experiment: experimentSchema });

async function plannedExperiment(
  folder: RunFolder,
  onNotice: (notice: string) => void,
): Promise<z.output<typeof experimentSchema> | undefined> {
  const content = await readJsonFile(folder.plan).catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
    // A run that was killed before it was planned has none.
    const isMissing = error instanceof UnreadableFileError && error.code === 'ENOENT';
    if (!isMissing)
      onNotice(`${error.message} Whether the experiment was edited since the run was started is therefore not known.`);
    return undefined;
  });
  return planSchema.safeParse(content).data?.experiment;
}

type ClassCount = NonNullable<RunStart['images']>[number];

function classDifferences(before: readonly ClassCount[], now: readonly ClassCount[]): string[] {
  const [counts, countsNow] = [before, now].map((list) => new Map(list.map((one) => [one.class, one.count])));
  const names = [...new Set([...counts!.keys(), ...countsNow!.keys()])];
  return names.flatMap((name) => {
    const [count, countNow] = [counts!.get(name), countsNow!.get(name)];
    if (count === countNow) return [];
    if (countNow === undefined) return [`the class "${name}" is missing`];
    if (count === undefined) return [`the class "${name}" is new`];
    return [`the class "${name}" had ${count} images, has now ${countNow}`];
  });
}
