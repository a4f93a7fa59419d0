/** A bundle that stays loaded and classifies one image after another. */
import { createPixelStore, DataError, decodeImages } from '@chorus/data';
import { argmax } from '@chorus/evaluation';
import { prepareProcess } from '@chorus/runtime';
import { readBundle } from './bundle.ts';
import { type GradCamImage, gradCamOf } from './report/grad-cam-schema.ts';
import { type BundlePredictorOptions, openBundlePredictor } from './run/bundle-predictor.ts';

/** What the ensemble and each member predict for an image; probabilities are in the order of the classes, and sum to 1. */
export interface ClassifiedImage {
  predicted: string;
  ensemble: number[];
  members: { name: string; probabilities: number[] }[];
  /** Heat maps for the predicted class; null unless asked for. */
  explanation: GradCamImage | null;
}

export interface BundleClassifier {
  /** The bundle's classes. */
  readonly classes: readonly string[];
  /**
   * Classifies an image file. Calls wait for those before them.
   *
   * @param options `explains`: whether to compute heat maps, too.
   * @throws DataError when the file is not a usable image.
   */
  classify(path: string, options?: { explains?: boolean }): Promise<ClassifiedImage>;
  /** Frees the models and ends the lanes, after the last call of `classify` has ended. */
  close(): Promise<void>;
}

/**
 * Opens a bundle, whose models are loaded by the first image and kept.
 *
 * @throws StorageError for a damaged bundle; ConfigError or DataError when the machine cannot run it.
 * @example
 * const classifier = await openBundleClassifier('run/bundle');
 * const { predicted } = await classifier.classify('cat.jpg');
 * await classifier.close();
 */
export async function openBundleClassifier(
  folder: string,
  options: BundlePredictorOptions = {},
): Promise<BundleClassifier> {
  prepareProcess();
  const bundle = await readBundle(folder);
  const { classes, decoding } = bundle.manifest;
  const predictor = await openBundlePredictor(bundle, { imageCount: manyImages, chunkCount: 1 }, options);
  const one = Uint32Array.of(0);
  let last: Promise<unknown> = Promise.resolve();

  async function classify(path: string, explains: boolean): Promise<ClassifiedImage> {
    const stores = predictor.sizes.map((size) => createPixelStore(1, size));
    const { skipped } = await decodeImages([{ path }], stores, { ...decoding, maxSkippedShare: 1 });
    if (skipped[0] !== undefined) throw new DataError(`The image cannot be used: ${skipped[0].reason}.`);
    const pixels = new Map(stores.map((store) => [store.size, store]));
    const { ensemble, members, maps } = await predictor.predict(pixels, one, { explains });
    const predicted = classes[argmax(ensemble, 0, classes.length)]!;
    return {
      predicted,
      ensemble: [...ensemble],
      members: bundle.members.map(({ name }, index) => ({ name, probabilities: [...members[index]!] })),
      explanation: maps === undefined ? null : gradCamOf([{ path, class: predicted, maps: maps[0]! }]).images[0]!,
    };
  }

  return {
    classes,
    classify(path, { explains = false } = {}) {
      const next = last.then(() => classify(path, explains));
      last = next.catch(() => {});
      return next;
    },
    async close() {
      await last;
      await predictor.close();
    },
  };
}

// --- internal ---

/** More than one batch, so that nothing is tuned for a single call. */
const manyImages = 1000;
