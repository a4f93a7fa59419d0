/** Classifies outside the page's thread, which stays responsive meanwhile. */
import { type BrowserImage, type ImageClassifier, type LoadProgress, loadClassifier } from '@chorus/predictor/browser';
import { expose } from 'comlink';

export interface LoadedClassifier {
  name: string;
  labels: readonly string[];
  backend: string;
}

export interface Answer {
  /** The most probable classes, the best first. */
  classes: { label: string; probability: number }[];
  /** Whether only the first network answered, because the others are still loading or have failed. */
  isFirst: boolean;
}

const api = {
  /**
   * Loads a bundle in place of an earlier one, whose loading it stops.
   *
   * @param source a URL, or files by their path in the bundle.
   * @param onFirst called when the first network can answer.
   */
  async load(
    source: string | ReadonlyMap<string, Blob>,
    onProgress: (progress: LoadProgress) => void,
    onFirst: (loaded: LoadedClassifier) => void,
  ): Promise<LoadedClassifier> {
    loading?.abort(new Error('Another bundle was chosen.'));
    loading = new AbortController();
    const { signal } = loading;
    await use(undefined);
    const whole = await loadClassifier(source, {
      ...{ onProgress, signal },
      async onFirst(first) {
        await use({ classifier: first, isFirst: true });
        onFirst(describe(first));
      },
    });
    await use({ classifier: whole, isFirst: false });
    return describe(whole);
  },

  /** @param image content of an image file, or a frame, which is closed. */
  async classify(image: Blob | ImageBitmap, top: number): Promise<Answer> {
    try {
      if (current === undefined) throw new Error('Expected a loaded bundle.');
      const { classifier, isFirst } = current;
      return { classes: await classifier.classify(image, { top }), isFirst };
    } finally {
      if (image instanceof ImageBitmap) image.close();
    }
  },
};

export type ClassifierApi = typeof api;

expose(api);

// --- internal ---

interface InUse {
  classifier: ImageClassifier<BrowserImage>;
  isFirst: boolean;
}

let current: InUse | undefined;
let loading: AbortController | undefined;

async function use(next: InUse | undefined): Promise<void> {
  const earlier = current;
  current = next;
  // Waits for the images that it is classifying.
  await earlier?.classifier.dispose();
}

function describe({ name, labels, backend }: InUse['classifier']): LoadedClassifier {
  return { name, labels, backend };
}
