/** The entry point for browsers; `index.ts` is that for node. */
import { blobPlace } from './blob-place.ts';
import { type BrowserImage, decodeBrowserImage } from './browser-images.ts';
import { browserCache } from './cache-storage.ts';
import { ImageClassifier } from './classifier.ts';
import type { Engine } from './engine.ts';
import { PredictorError } from './errors.ts';
import { httpPlace } from './http-place.ts';
import { type LoadedBundle, type LoadOptions, loadBundle } from './load-bundle.ts';
import { type WebRuntime, webEngine } from './web-engine.ts';

export type { BrowserImage } from './browser-images.ts';
export { cacheName } from './cache-storage.ts';
export type {
  Classification,
  ClassifyManyOptions,
  ClassifyOptions,
  DecodedImage,
  ImageClassifier,
} from './classifier.ts';
export type { Backend } from './engine.ts';
export { PredictorError } from './errors.ts';
export type { LoadOptions, LoadProgress } from './load-bundle.ts';

export interface LoadClassifierOptions extends LoadOptions {
  /**
   * Receives a classifier with the bundle's student or, without one, with its smallest member, as soon as that is loaded: for first
   * answers while the rest of the ensemble loads. The receiver disposes it. Not called if there is nothing else to load.
   */
  onFirst?: ((first: ImageClassifier<BrowserImage>) => void) | undefined;
  /** What runs the networks: `wasm` (the default) on the processor, `webgpu` on the GPU. */
  backend?: 'wasm' | 'webgpu' | undefined;
  /**
   * Threads of `wasm`; by default, as many as processors, at most 4. Pages that are not cross-origin isolated have one.
   */
  threads?: number | undefined;
  /** Whether to keep the files in the browser's Cache API, named {@link cacheName}, where the page has it; true by default. */
  cache?: boolean | undefined;
}

/**
 * Loads a bundle from the URL of its folder, or from its files.
 *
 * @param source a URL, relative to the page if it is not absolute; or files by their path in the bundle (`SHA256SUMS`,
 * `members/one/1.bin`), such as those of a folder that a user chose.
 * @returns a classifier; the caller disposes. Its `backend` is the one that runs the networks.
 * @throws PredictorError for a missing, damaged, invalid or too large bundle, or a backend that this browser does not have; the
 * signal's reason after an abort.
 * @example
 * const classifier = await loadClassifier('/models/pets');
 * console.log(await classifier.classify(document.querySelector('img')));
 * await classifier.dispose();
 */
export async function loadClassifier(
  source: string | URL | ReadonlyMap<string, Blob>,
  { backend = 'wasm', threads = defaultThreads(), cache = true, onFirst, ...options }: LoadClassifierOptions = {},
): Promise<ImageClassifier<BrowserImage>> {
  const engine = await openEngine(backend, threads);
  const place =
    typeof source === 'string' || source instanceof URL
      ? httpPlace(new URL(source, globalThis.location?.href), cache ? browserCache() : undefined)
      : blobPlace(source);
  const classifierOf = ({ manifest, ensemble }: LoadedBundle) =>
    new ImageClassifier(manifest, ensemble, engine.backend, decodeBrowserImage);
  return classifierOf(await loadBundle(place, engine, options, onFirst && ((first) => onFirst(classifierOf(first)))));
}

// --- internal ---

function defaultThreads(): number {
  return globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;
}

async function openEngine(backend: 'wasm' | 'webgpu', threads: number): Promise<Engine> {
  if (backend === 'webgpu' && !(await hasGpu()))
    throw new PredictorError('The backend webgpu cannot be used here: this browser offers no GPU; use wasm.');
  const runtime = backend === 'wasm' ? await import('onnxruntime-web/wasm') : await import('onnxruntime-web/webgpu');
  return webEngine(runtime as unknown as WebRuntime, backend, threads);
}

/** TypeScript's types of a page do not have WebGPU. */
async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}
