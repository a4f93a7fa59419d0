import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { BundlePicker } from './bundle-picker.tsx';
import { Camera } from './camera.tsx';
import { ImageInput } from './image-input.tsx';
import { type ClassifiedImage, ImageList } from './image-list.tsx';
import { type ClassifierState, useClassifier } from './use-classifier.ts';

/** Images that stay on the page; older ones are removed. */
const mostImages = 200;

/** @param bundle URL of the bundle to start with; the user chooses one if it is undefined. */
export function App({ bundle }: { bundle: string | undefined }) {
  const { state, load, classify } = useClassifier();
  const [images, setImages] = useState<readonly ClassifiedImage[]>([]);
  const nextId = useRef(0);
  const isUsable = state.kind === 'ready' || (state.kind === 'loading' && state.first !== undefined);

  useEffect(() => {
    if (bundle !== undefined) void load(bundle);
  }, [bundle, load]);

  const name = nameOf(state);
  useEffect(() => {
    document.title = name === undefined ? 'Classify' : `Classify: ${name}`;
  }, [name]);

  const add = useCallback(
    (files: File[]) => {
      const added = files.map((file): ClassifiedImage => ({ id: nextId.current++, file }));
      setImages((earlier) => [...added.toReversed(), ...earlier].slice(0, mostImages));
      for (const { id, file } of added) {
        const finish = (outcome: NonNullable<ClassifiedImage['outcome']>) =>
          setImages((all) => all.map((one) => (one.id === id ? { ...one, outcome } : one)));
        classify(file).then(
          (answer) => finish({ answer }),
          (error: Error) => finish({ problem: error.message }),
        );
      }
    },
    [classify],
  );

  return (
    <>
      <header>
        <h1>{name ?? 'Classify images'}</h1>
        <Status state={state} />
      </header>
      <main>
        <BundlePicker onChoose={load} />
        <section aria-labelledby="images">
          <h2 id="images">Images</h2>
          <ImageInput isUsable={isUsable} onImages={add} />
        </section>
        <Camera classify={classify} isUsable={isUsable} />
        <ImageList images={images} />
      </main>
    </>
  );
}

function Status({ state }: { state: ClassifierState }) {
  if (state.kind === 'failed') return <p role="alert">{state.message}</p>;
  return (
    <>
      <p role="status">{statusText(state)}</p>
      {state.kind === 'loading' && <progress class="loading" max={1} value={state.share} aria-label="Loading" />}
    </>
  );
}

function statusText(state: Exclude<ClassifierState, { kind: 'failed' }>): string {
  if (state.kind === 'none') return 'No bundle is loaded yet.';
  if (state.kind === 'ready') {
    const { labels, backend } = state.loaded;
    return `Ready, by ${backend}: ${labels.length > 8 ? `${labels.length} classes` : labels.join(', ')}`;
  }
  // Without the percentage, which screen readers would read again and again.
  return state.first === undefined ? 'Loading …' : 'The first network answers; the others are loading …';
}

function nameOf(state: ClassifierState): string | undefined {
  if (state.kind === 'ready') return state.loaded.name;
  return state.kind === 'loading' ? state.first?.name : undefined;
}
