/** Images on their way to the server, which go on while the user looks at another view. */
import type { DataSetImage } from '@chorus/studio-api/protocol';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { NoAnswerError, studioApi } from '../server/studio-api.ts';
import { isHiddenFile } from './hidden-file.ts';

export interface ClassUploads {
  total: number;
  /** Added or failed. */
  done: number;
  /** The server does not answer; the images wait for it. */
  isWaiting: boolean;
  failures: { name: string; message: string }[];
  /** Added images, the newest first, of many only the first and last; at most {@link mostRecent}. */
  added: DataSetImage[];
}

export interface Uploads {
  /** Changes whenever all images of a class have been added. */
  finishedCount: number;
  of(dataSet: string, className: string): ClassUploads;
  add(dataSet: string, className: string, files: readonly File[]): void;
  /** Forgets which images of a data set are new, which may be moved after that. */
  forget(dataSet: string): void;
  /** Forgets the failures of a class, once the user has read them. */
  dismiss(dataSet: string, className: string): void;
}

const none: ClassUploads = { total: 0, done: 0, isWaiting: false, failures: [], added: [] };
const mostRecent = 10;
/** Browsers open at most six connections to a server; the others are for thumbnails and events. */
const parallel = 3;
const retryAfterMs = 2000;

export function useUploads(): Uploads {
  const [classes, setClasses] = useState<ReadonlyMap<string, ClassUploads>>(new Map());
  const [finishedCount, setFinishedCount] = useState(0);
  const latest = useRef(classes);
  const queue = useRef<{ dataSet: string; className: string; file: File }[]>([]);
  const running = useRef(0);

  const update = useCallback((key: string, change: (earlier: ClassUploads) => ClassUploads) => {
    latest.current = new Map(latest.current).set(key, change(latest.current.get(key) ?? none));
    setClasses(latest.current);
  }, []);

  const work = useCallback(async () => {
    running.current += 1;
    for (let next = queue.current.shift(); next !== undefined; next = queue.current.shift()) {
      const { dataSet, className, file } = next;
      const key = keyOf(dataSet, className);
      const outcome = await studioApi.addImage(dataSet, className, file).then(
        ({ image }) => ({ image }),
        async (error: Error) => {
          if (!(error instanceof NoAnswerError)) return { name: file.name, message: error.message };
          if (await canRead(file)) return undefined;
          return { name: file.name, message: 'The file cannot be read, or has changed.' };
        },
      );
      if (outcome === undefined) {
        queue.current.unshift(next);
        update(key, (earlier) => ({ ...earlier, isWaiting: true }));
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
        continue;
      }
      update(key, (earlier) => ({
        ...{ ...earlier, done: earlier.done + 1, isWaiting: false },
        ...('image' in outcome
          ? { added: isShown(earlier) ? [outcome.image, ...earlier.added].slice(0, mostRecent) : earlier.added }
          : { failures: [...earlier.failures, outcome] }),
      }));
      const { done, total } = latest.current.get(key)!;
      if (done < total) continue;
      update(key, (earlier) => ({ ...earlier, done: 0, total: 0 }));
      setFinishedCount((earlier) => earlier + 1);
    }
    running.current -= 1;
  }, [update]);

  const add = useCallback(
    (dataSet: string, className: string, files: readonly File[]) => {
      const images = files.filter((file) => !isHiddenFile(file));
      if (images.length === 0) return;
      queue.current.push(...images.map((file) => ({ dataSet, className, file })));
      update(keyOf(dataSet, className), (earlier) => ({ ...earlier, total: earlier.total + images.length }));
      // Each takes the next image at once, so that the queue is empty when there are more workers than images.
      while (running.current < parallel && queue.current.length > 0) void work();
    },
    [update, work],
  );
  const isBusy = [...classes.values()].some(({ total }) => total > 0);
  useEffect(() => {
    if (!isBusy) return;
    // The images that are still to be sent would be lost.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isBusy]);
  const forget = useCallback(
    (dataSet: string) => {
      for (const key of latest.current.keys())
        if (key.startsWith(`${dataSet}/`)) update(key, (earlier) => ({ ...earlier, added: [] }));
    },
    [update],
  );
  return useMemo(
    () => ({
      ...{ finishedCount, add, forget },
      of: (dataSet, className) => classes.get(keyOf(dataSet, className)) ?? none,
      dismiss: (dataSet, className) => update(keyOf(dataSet, className), (earlier) => ({ ...earlier, failures: [] })),
    }),
    [classes, finishedCount, add, forget, update],
  );
}

// --- internal ---

/** A thumbnail of each of many images would take the server as long as adding them. */
function isShown({ total, done }: ClassUploads): boolean {
  return done < mostRecent || total - done <= mostRecent;
}

/** Whether a file still exists as it was chosen; a request whose file does not fails like one without an answer. */
async function canRead(file: File): Promise<boolean> {
  return file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
}

/** Neither contains a slash. */
function keyOf(dataSet: string, className: string): string {
  return `${dataSet}/${className}`;
}
