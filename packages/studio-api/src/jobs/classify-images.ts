/** Keeps a bundle loaded in a child process, and classifies images with it. */
import { drawHeatMaps } from '@chorus/data';
import { type BundleClassifier, type GradCamImage, openBundleClassifier } from '@chorus/orchestration';
import type { HeatMap } from '../protocol/runs.ts';
import { failureOf } from './failure-of.ts';
import type { ImageAnswer, ImageRequest, JobContext, Jobs } from './messages.ts';

/** Longer side of a heat map at most, pixels. */
const side = 448;

/** @throws as `openBundleClassifier` of `@chorus/orchestration`. */
export async function classifyImages(
  { bundle }: Jobs['classify']['request'],
  { report, signal, onImage }: JobContext<'classify'>,
): Promise<null> {
  const classifier = await openBundleClassifier(bundle);
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
  onImage((image) => {
    answerOf(classifier, image).then(
      (answer) => report({ id: image.id, answer }),
      (error: unknown) => report({ id: image.id, failure: failureOf(error) }),
    );
  });
  await stopped;
  await classifier.close();
  return null;
}

// --- internal ---

async function answerOf(classifier: BundleClassifier, { path, explains }: ImageRequest): Promise<ImageAnswer> {
  const { predicted, ensemble, members, explanation } = await classifier.classify(path, { explains });
  const drawn = explanation === null ? [] : await drawnHeatMaps(path, explanation);
  return {
    ...{ classes: classifier.classes, predicted },
    ensemble: { probabilities: ensemble, heatMap: drawn[0] ?? null },
    members: members.map(({ name, probabilities }, index) => ({
      ...{ name, probabilities },
      heatMap: drawn[index + 1] ?? null,
    })),
  };
}

/** That of the ensemble, then those of its members. */
async function drawnHeatMaps(path: string, { ensemble, members }: GradCamImage): Promise<HeatMap[]> {
  const pictures = await drawHeatMaps(path, side, [ensemble, ...members.map(({ map }) => map)]);
  return pictures.map(({ bytes, width, height }) => ({
    url: `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`,
    ...{ width, height },
  }));
}
