import { useCallback, useEffect, useState } from 'preact/hooks';
import { bundleAmong } from './bundle-files.ts';
import { bundleOfPage } from './bundle-of-page.ts';
import { BundlePicker } from './bundle-picker.tsx';
import { Camera } from './camera.tsx';
import { ImageInput } from './image-input.tsx';
import { ImageList } from './image-list.tsx';
import { answering, type BundleSource, type ClassifierState, useClassifier } from './use-classifier.ts';
import { mostImages, useImages } from './use-images.ts';

export function App() {
  const { state, load, classify } = useClassifier();
  /** The bundle in use: its number, which changes with it, and the folder or URL that it came from. */
  const [bundle, setBundle] = useState({ key: 0, place: '' });
  const [problem, setProblem] = useState<string>();
  const answers = answering(state);
  const isUsable = answers !== undefined;
  const { images, add } = useImages(classify, {
    ...{ bundleKey: bundle.key, isUsable, isWhole: state.kind === 'ready' },
  });

  const use = useCallback(
    (source: BundleSource, place: string) => {
      setProblem(undefined);
      setBundle(({ key }) => ({ key: key + 1, place }));
      void load(source);
    },
    [load],
  );
  useEffect(() => {
    bundleOfPage().then((url) => url !== undefined && use(url, url));
  }, [use]);
  useEffect(() => {
    document.title = answers === undefined ? 'Classify' : `Classify: ${answers.name}`;
  }, [answers]);

  const takeBundle = useCallback(
    (files: ReadonlyMap<string, File>) => {
      const found = bundleAmong(files);
      if (found !== undefined) use(found.files, found.folder);
      else setProblem(`Expected a folder with a bundle: with bundle.json and SHA256SUMS. Received ${listed(files)}.`);
    },
    [use],
  );
  const takeFiles = useCallback(
    (files: ReadonlyMap<string, File>) => {
      setProblem(undefined);
      if (bundleAmong(files) !== undefined) takeBundle(files);
      else if (!isUsable) setProblem('There is no classifier yet: load a bundle first.');
      else {
        add([...files.values()]);
        if (files.size > mostImages)
          setProblem(`Of ${files.size} files, the first ${mostImages} are classified: the page has room for no more.`);
      }
    },
    [add, isUsable, takeBundle],
  );

  return (
    <>
      <header>
        <h1>{answers?.name ?? 'Classify images'}</h1>
        <Status state={state} place={bundle.place} />
        {problem !== undefined && <p role="alert">{problem}</p>}
      </header>
      <main>
        <BundlePicker onFiles={takeBundle} onUrl={(url) => use(url, url)} />
        <section aria-labelledby="images">
          <h2 id="images">Images</h2>
          <ImageInput isUsable={isUsable} onFiles={takeFiles} onProblem={setProblem} />
        </section>
        <Camera classify={classify} isUsable={isUsable} />
        <ImageList images={images} />
      </main>
    </>
  );
}

function Status({ state, place }: { state: ClassifierState; place: string }) {
  if (state.kind === 'failed')
    return (
      <>
        <p role="alert">{state.message}</p>
        {state.first !== undefined && <p role="status">Only the first network answers.</p>}
      </>
    );
  return (
    <>
      <p role="status">{statusText(state)}</p>
      {state.kind !== 'none' && place !== '' && <p class="hint">Bundle: {place}</p>}
      {state.kind === 'loading' && <progress class="loading" max={1} value={state.share} aria-label="Loading" />}
    </>
  );
}

function statusText(state: Exclude<ClassifierState, { kind: 'failed' }>): string {
  if (state.kind === 'none') return 'No bundle is loaded yet.';
  if (state.kind === 'ready') {
    const { labels, backend } = state.loaded;
    const engine = backend === 'wasm' ? 'WebAssembly' : backend;
    return `Ready (${engine}): ${labels.length > 8 ? `${labels.length} classes` : labels.join(', ')}`;
  }
  // Without the percentage, which screen readers would read again and again.
  return state.first === undefined ? 'Loading …' : 'The first network answers; the others are loading …';
}

function listed(files: ReadonlyMap<string, File>): string {
  const some = [...files.keys()].slice(0, 3).join(', ');
  return files.size > 3 ? `${some}, … (${files.size} files)` : some || 'no files';
}
