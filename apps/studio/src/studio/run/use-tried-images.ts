/** New images, which the server classifies one after another. */
import type { ClassifiedImage } from '@chorus/studio-api/protocol';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';

export interface TriedImage {
  id: number;
  file: File;
  outcome?: { answer: ClassifiedImage } | { problem: string };
}

/** Images on the page; older ones are removed. */
const mostImages = 50;

export function useTriedImages(run: string) {
  const [images, setImages] = useState<readonly TriedImage[]>([]);
  const latest = useRef(images);
  const isRunning = useRef(false);
  const nextId = useRef(0);
  const left = useRef<AbortController>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    left.current = controller;
    return () => controller.abort();
  }, []);
  const update = useCallback((next: readonly TriedImage[]) => {
    latest.current = next;
    setImages(next);
  }, []);
  const work = useCallback(async () => {
    if (isRunning.current) return;
    isRunning.current = true;
    for (;;) {
      const next = latest.current.findLast(({ outcome }) => outcome === undefined);
      if (next === undefined || left.current?.signal.aborted) break;
      const outcome = await studioApi.classify(run, next.file, left.current?.signal).then(
        (answer) => ({ answer }),
        (error: Error) => ({ problem: error.message }),
      );
      update(latest.current.map((one) => (one.id === next.id ? { ...one, outcome } : one)));
    }
    isRunning.current = false;
  }, [run, update]);
  const add = useCallback(
    (files: ReadonlyMap<string, File>) => {
      const added = [...files.values()]
        .slice(0, mostImages)
        .map((file): TriedImage => ({ id: nextId.current++, file }));
      update([...added.toReversed(), ...latest.current].slice(0, mostImages));
      void work();
    },
    [update, work],
  );
  return { images, add };
}
