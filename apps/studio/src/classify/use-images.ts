/** The images on the page, which are classified one after another. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from './classifier.worker.ts';
import type { PageClassifier } from './use-classifier.ts';

export interface ClassifiedImage {
  id: number;
  file: File;
  outcome?: { answer: Answer } | { problem: string };
}

/** Images on the page; older ones are removed. */
export const mostImages = 200;

/**
 * @param options `bundleKey` changes with the bundle: the images are classified again then. `isUsable`: whether there is something to
 * classify with; images wait otherwise. `isWhole`: whether that is the whole ensemble; images that its first network has classified
 * are classified again then.
 */
export function useImages(
  classify: PageClassifier['classify'],
  { bundleKey, isUsable, isWhole }: { bundleKey: number; isUsable: boolean; isWhole: boolean },
) {
  const [images, setImages] = useState<readonly ClassifiedImage[]>([]);
  // What the loop below sees, the latest first.
  const latest = useRef(images);
  const inUse = useRef({ bundleKey, isUsable });
  inUse.current = { bundleKey, isUsable };
  const isRunning = useRef(false);

  const update = useCallback((next: readonly ClassifiedImage[]) => {
    latest.current = next;
    setImages(next);
  }, []);

  const run = useCallback(async () => {
    if (isRunning.current) return;
    isRunning.current = true;
    while (inUse.current.isUsable) {
      const next = latest.current.findLast(({ outcome }) => outcome === undefined);
      if (next === undefined) break;
      const { bundleKey: key } = inUse.current;
      const outcome = await classify(next.file).then(
        (answer) => ({ answer }),
        (error: Error) => ({ problem: error.message }),
      );
      // Otherwise, another bundle was chosen meanwhile.
      if (key === inUse.current.bundleKey)
        update(latest.current.map((one) => (one.id === next.id ? { ...one, outcome } : one)));
    }
    isRunning.current = false;
  }, [classify, update]);

  useEffect(() => {
    update(latest.current.map(({ id, file }) => ({ id, file })));
  }, [bundleKey, update]);
  useEffect(() => {
    if (isWhole)
      update(
        latest.current.map((one) =>
          one.outcome !== undefined && 'answer' in one.outcome && one.outcome.answer.isFirst
            ? { id: one.id, file: one.file }
            : one,
        ),
      );
  }, [isWhole, update]);
  useEffect(() => {
    if (isUsable) void run();
  }, [isUsable, isWhole, bundleKey, run]);

  const nextId = useRef(0);
  const add = useCallback(
    (files: readonly File[]) => {
      const added = files.slice(0, mostImages).map((file): ClassifiedImage => ({ id: nextId.current++, file }));
      update([...added.toReversed(), ...latest.current].slice(0, mostImages));
      void run();
    },
    [run, update],
  );
  return { images, add };
}
