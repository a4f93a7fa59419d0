/** The classifier of the page, which runs in a worker. */
import { proxy, type Remote, transfer, wrap } from 'comlink';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, ClassifierApi, LoadedClassifier } from './classifier.worker.ts';

/** A bundle as the page names it: a URL, or the files of a folder by their path in the bundle. */
export type BundleSource = string | ReadonlyMap<string, Blob>;

/** `first`: what answers while the rest is loading, and after it has failed. */
export type ClassifierState =
  | { kind: 'none' }
  /** `share` of the bytes, 0 to 1. */
  | { kind: 'loading'; share: number; first?: LoadedClassifier }
  | { kind: 'ready'; loaded: LoadedClassifier }
  | { kind: 'failed'; message: string; first?: LoadedClassifier };

export interface PageClassifier {
  state: ClassifierState;
  load(source: BundleSource): Promise<void>;
  /** @param image is moved to the worker if it is a frame. */
  classify(image: Blob | ImageBitmap): Promise<Answer>;
}

/** What answers now; undefined if nothing does. */
export function answering(state: ClassifierState): LoadedClassifier | undefined {
  if (state.kind === 'none') return undefined;
  return state.kind === 'ready' ? state.loaded : state.first;
}

/** Classes in an answer. */
const topCount = 5;

export function useClassifier(): PageClassifier {
  const thread = useRef<Thread>(undefined);
  const [state, setState] = useState<ClassifierState>({ kind: 'none' });
  const lastLoad = useRef(0);
  useEffect(() => () => thread.current?.stop(), []);

  /** Calls the worker; fails if it fails, too, since its calls would never end. */
  const call = useCallback(<Result>(run: (remote: Remote<ClassifierApi>) => Promise<Result>): Promise<Result> => {
    const inUse = thread.current ?? startThread();
    thread.current = inUse;
    return Promise.race([run(inUse.remote), inUse.failure]).catch((error: unknown) => {
      // The next load starts another one.
      if (inUse.isStopped() && thread.current === inUse) thread.current = undefined;
      throw error;
    });
  }, []);

  const load = useCallback(
    async (source: BundleSource) => {
      const load = ++lastLoad.current;
      // Events of a load that another one replaced are ignored.
      const update = (next: (earlier: ClassifierState) => ClassifierState) => {
        if (load === lastLoad.current) setState(next);
      };
      update(() => ({ kind: 'loading', share: 0 }));
      try {
        const named = typeof source === 'string' ? absolute(source) : source;
        const loaded = await call((remote) =>
          remote.load(
            named,
            proxy(({ loadedBytes, totalBytes }) =>
              update((earlier) => ({ ...earlier, kind: 'loading', share: loadedBytes / totalBytes })),
            ),
            proxy((first) => update((earlier) => ({ share: 0, ...earlier, kind: 'loading', first }))),
          ),
        );
        update(() => ({ kind: 'ready', loaded }));
      } catch (error) {
        const { message } = error as Error;
        update((earlier) => {
          const first = thread.current === undefined ? undefined : answering(earlier);
          return { kind: 'failed', message, ...(first && { first }) };
        });
      }
    },
    [call],
  );

  const classify = useCallback(
    (image: Blob | ImageBitmap) =>
      call((remote) => remote.classify(image instanceof ImageBitmap ? transfer(image, [image]) : image, topCount)),
    [call],
  );
  return { state, load, classify };
}

// --- internal ---

interface Thread {
  remote: Remote<ClassifierApi>;
  /** Rejects when the worker does not start or stops by an error. */
  failure: Promise<never>;
  isStopped(): boolean;
  stop(): void;
}

function startThread(): Thread {
  const worker = new Worker(new URL('./classifier.worker.ts', import.meta.url), { type: 'module' });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    worker.terminate();
  };
  const failure = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      stop();
      reject(new Error(`The classifier does not run: ${message || 'its script cannot be loaded'}.`));
    });
  });
  failure.catch(() => {});
  return { remote: wrap<ClassifierApi>(worker), failure, isStopped: () => isStopped, stop };
}

/** Relative URLs are relative to the page, not to the worker's script. */
function absolute(url: string): string {
  if (!URL.canParse(url, location.href))
    throw new Error(`Expected the URL of a bundle, received ${JSON.stringify(url)}.`);
  return new URL(url, location.href).href;
}
