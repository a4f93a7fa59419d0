/** The classifier of the page, which runs in a worker. */
import { proxy, type Remote, wrap } from 'comlink';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, ClassifierApi, LoadedClassifier } from './classifier.worker.ts';

/** A bundle as the page names it: a URL, or the files of a folder. */
export type BundleSource = string | ReadonlyMap<string, Blob>;

export type ClassifierState =
  | { kind: 'none' }
  /** `share` of the bytes, 0 to 1; `first`: what answers while the rest is loading. */
  | { kind: 'loading'; share: number; first?: LoadedClassifier }
  | { kind: 'ready'; loaded: LoadedClassifier }
  | { kind: 'failed'; message: string };

export interface PageClassifier {
  state: ClassifierState;
  load(source: BundleSource): Promise<void>;
  /** @param image is moved to the worker if it is a frame. */
  classify(image: Blob | ImageBitmap): Promise<Answer>;
}

/** Classes in an answer. */
const topCount = 5;

export function useClassifier(): PageClassifier {
  const remote = useRef<Remote<ClassifierApi>>(undefined);
  const [state, setState] = useState<ClassifierState>({ kind: 'none' });
  const lastLoad = useRef(0);
  useEffect(() => {
    const worker = new Worker(new URL('./classifier.worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('error', ({ message }) =>
      setState({
        kind: 'failed',
        message: `The classifier does not start: ${message || 'its script cannot be loaded'}.`,
      }),
    );
    remote.current = wrap<ClassifierApi>(worker);
    return () => worker.terminate();
  }, []);

  const load = useCallback(async (source: BundleSource) => {
    const load = ++lastLoad.current;
    // Events of a load that another one replaced are ignored.
    const update = (next: (earlier: ClassifierState) => ClassifierState) => {
      if (load === lastLoad.current) setState(next);
    };
    update(() => ({ kind: 'loading', share: 0 }));
    try {
      const loaded = await remote.current!.load(
        // Relative URLs are relative to the page, not to the worker's script.
        typeof source === 'string' ? new URL(source, location.href).href : source,
        proxy(({ loadedBytes, totalBytes }) =>
          update((earlier) => ({ ...earlier, kind: 'loading', share: loadedBytes / totalBytes })),
        ),
        proxy((first) => update((earlier) => ({ share: 0, ...earlier, kind: 'loading', first }))),
      );
      update(() => ({ kind: 'ready', loaded }));
    } catch (error) {
      update(() => ({ kind: 'failed', message: (error as Error).message }));
    }
  }, []);

  const classify = useCallback(
    (image: Blob | ImageBitmap) =>
      // Comlink's transfer() would keep a reference; frames are closed by the worker.
      remote.current!.classify(image, topCount),
    [],
  );
  return { state, load, classify };
}
