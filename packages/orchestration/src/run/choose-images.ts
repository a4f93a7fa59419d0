/** Chooses the images of a folder to evaluate, by their content, so that moved or renamed images are recognized. */
import type { ImageFile, SkippedImage } from '@chorus/data';
import { sha256File, systemErrorText, UnreadableFileError } from '@chorus/storage';
import { contentOf, type RunImages } from './run-images.ts';

/** The use of an image in the bundle's run. */
export type ImageUse = 'test' | 'training' | 'none';

export interface ImageSelection {
  /** `test`: the run's test images. `unseen`: images that are new to the run, since the folder has none of its test images. */
  kind: 'test' | 'unseen' | 'all';
  /** Number of images chosen, and in the folder. */
  taken: number;
  total: number;
  /** Number of images in the folder by their use in the run. */
  uses: Record<ImageUse, number>;
  /** Number of the run's test images; the folder may lack some, or have several copies of one. */
  runTest: number;
  /** Number of chosen images that the run trained on, whose scores are too high. */
  takenTraining: number;
}

export interface ChosenImages {
  images: ImageFile[];
  selection: ImageSelection;
  /** Files that could not be read. */
  skipped: SkippedImage[];
}

/**
 * Chooses the run's test images or, if there are none, the images that the run did not use. Chooses every image if there are
 * none of these either, or with `all`.
 *
 * @throws the signal's reason.
 */
export async function chooseImages(
  images: readonly ImageFile[],
  run: RunImages,
  options: { all: boolean; onProgress?: (done: number, total: number) => void; signal?: AbortSignal | undefined },
): Promise<ChosenImages> {
  const { contents, skipped } = await hashAll(images, options);
  const uses = usesOf(images, contents, run);
  const count = (use: ImageUse) => uses.filter((one) => one === use).length;
  const counts = { test: count('test'), training: count('training'), none: count('none') };
  const kind = options.all ? 'all' : counts.test > 0 ? 'test' : counts.none > 0 ? 'unseen' : 'all';
  const isTaken: Record<typeof kind, (use: ImageUse) => boolean> = {
    all: () => true,
    test: (use) => use === 'test',
    unseen: (use) => use === 'none',
  };
  const chosen = images.filter((_, index) => isTaken[kind](uses[index]!));
  const taken = new Set(chosen.map(({ relativePath }) => relativePath));
  return {
    images: chosen,
    selection: {
      ...{ kind, taken: chosen.length, total: images.length, uses: counts, runTest: run.test.length },
      takenTraining: kind === 'all' ? counts.training : 0,
    },
    // Decoding reports the chosen images again.
    skipped: skipped.filter(({ path }) => !taken.has(path)),
  };
}

// --- internal ---

const hashesAtATime = 8;

async function hashAll(
  images: readonly ImageFile[],
  { onProgress, signal }: Parameters<typeof chooseImages>[2],
): Promise<{ contents: (string | null)[]; skipped: SkippedImage[] }> {
  const contents = new Array<string | null>(images.length).fill(null);
  const skipped: SkippedImage[] = [];
  let next = 0;
  let doneCount = 0;
  async function work(): Promise<void> {
    while (next < images.length) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      const { path, relativePath } = images[index]!;
      try {
        contents[index] = contentOf(await sha256File(path));
      } catch (error) {
        if (!(error instanceof UnreadableFileError)) throw error;
        skipped.push({ path: relativePath, reason: `cannot be read: ${systemErrorText(error)}` });
      }
      doneCount += 1;
      onProgress?.(doneCount, images.length);
    }
  }
  await Promise.all(Array.from({ length: Math.min(hashesAtATime, images.length) }, work));
  return { contents, skipped };
}

/**
 * If copies of a picture were both test and training images of the run, as many of its files count as test images as in the
 * run, those in a test folder first; the others count as training images.
 */
function usesOf(images: readonly ImageFile[], contents: readonly (string | null)[], run: RunImages): ImageUse[] {
  const testLeft = new Map<string, number>();
  for (const content of run.test) testLeft.set(content, (testLeft.get(content) ?? 0) + 1);
  const training = new Set(run.training);
  const uses = new Array<ImageUse>(images.length).fill('none');
  const testFoldersFirst = [...images.keys()].toSorted(
    (a, b) => Number(images[b]!.role === 'test') - Number(images[a]!.role === 'test') || a - b,
  );
  for (const index of testFoldersFirst) {
    const content = contents[index];
    if (content === null || content === undefined) continue;
    const left = testLeft.get(content);
    const isTrainingToo = training.has(content);
    if (left !== undefined && (left > 0 || !isTrainingToo)) uses[index] = 'test';
    else if (isTrainingToo) uses[index] = 'training';
    if (left !== undefined) testLeft.set(content, left - 1);
  }
  return uses;
}
