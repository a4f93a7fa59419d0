/** What the thread of a classifier runs: decodes images, each on its own, and classifies them in batches. */
import { type Classification, type DecodedImage, loadClassifier, PredictorError } from '@chorus/predictor';
import { Piscina } from 'piscina';
import { ServerError } from '../errors.ts';
import { bundleVersion } from './bundle-version.ts';
import { MicroBatches } from './micro-batches.ts';
import type { ImageAnswer, ImageContent, ThreadResults, ThreadStartup, ThreadTask } from './protocol.ts';

const startup = Piscina.workerData as ThreadStartup;

type Opened = Awaited<ReturnType<typeof open>>;

/** Undefined after a failure, so that the next task tries again. */
let opened: Promise<Opened> | undefined;

/** Called by piscina, many tasks at a time. */
export default async function run(task: ThreadTask): Promise<ThreadResults[ThreadTask['kind']]> {
  switch (task.kind) {
    case 'open':
      return describe();
    case 'classify':
      return classify(task.image);
    case 'close':
      return close();
  }
}

// --- internal ---

async function describe(): Promise<ThreadResults['open']> {
  opened ??= open();
  try {
    const { name, labels, backend } = (await opened).classifier;
    return { facts: { name, labels, backend } };
  } catch (error) {
    opened = undefined;
    if (error instanceof PredictorError || error instanceof ServerError) return { reason: error.message };
    throw error;
  }
}

async function close(): Promise<null> {
  await opened?.then(
    ({ classifier }) => classifier.dispose(),
    // A bundle that could not be opened has nothing to free.
    () => {},
  );
  return null;
}

async function open() {
  const { bundle, student, backend, engineThreads: threads, maxPixels, batchSize, batchDelayMs } = startup;
  await requireVersion();
  const classifier = await loadClassifier(bundle, { student, backend, threads, maxPixels });
  try {
    await requireVersion();
  } catch (error) {
    await classifier.dispose();
    throw error;
  }
  const batches = new MicroBatches<DecodedImage, Classification[]>({
    ...{ size: batchSize, delayMs: batchDelayMs },
    run: (images) => classifier.classifyMany(images, { batchSize }),
  });
  return { classifier, batches };
}

async function requireVersion(): Promise<void> {
  const { bundle, version } = startup;
  const found = await bundleVersion(bundle);
  if (found !== version)
    throw new ServerError(`The bundle at ${bundle} changed: expected version ${version}, received ${found}.`);
}

async function classify(image: ImageContent): Promise<ImageAnswer> {
  if (opened === undefined) throw new Error('Expected an open bundle in the thread, received none.');
  const { classifier, batches } = await opened;
  let decoded: DecodedImage;
  try {
    decoded = await classifier.decode(image);
  } catch (error) {
    // Its cause has the reason without the kind of object that held the image.
    if (error instanceof PredictorError) return { reason: ((error.cause ?? error) as Error).message };
    throw error;
  }
  const { result, batchCount } = await batches.add(decoded);
  return { classes: result, batchCount };
}
