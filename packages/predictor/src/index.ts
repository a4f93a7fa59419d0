/** The entry point for node; `browser.ts` is that for browsers. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import tf from '@chorus/tfjs';
import { ImageClassifier } from './classifier.ts';
import type { Engine } from './engine.ts';
import { PredictorError } from './errors.ts';
import { folderPlace } from './folder-place.ts';
import { httpPlace } from './http-place.ts';
import { type LoadedBundle, type LoadOptions, loadBundle } from './load-bundle.ts';
import { type ImageSource, imageDecoder } from './node-images.ts';
import { type WebRuntime, webEngine } from './web-engine.ts';

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
export type { ImageSource, SharpImage } from './node-images.ts';

export interface LoadClassifierOptions extends LoadOptions {
  /**
   * Receives a classifier with the bundle's student or, without one, with its smallest member, as soon as that is loaded: for first
   * answers while the rest of the ensemble loads. The receiver disposes it. Not called if there is nothing else to load.
   */
  onFirst?: ((first: ImageClassifier<ImageSource>) => void) | undefined;
  /**
   * What runs the networks: `onnxruntime`, the native library, which `chorus train` or `setupRuntime` sets up; `wasm`, the same
   * compiled to WebAssembly, which needs no set-up; or `auto` (the default), `onnxruntime` where it is set up, else `wasm`.
   */
  backend?: 'auto' | 'onnxruntime' | 'wasm' | undefined;
  /** Threads of the engine; by default, as many as processors, at most 4. */
  threads?: number | undefined;
}

/**
 * Loads a bundle from a folder or, with `http:` and `https:`, from a server.
 *
 * @returns a classifier; the caller disposes. Its `backend` is the one that runs the networks.
 * @throws PredictorError for a missing, damaged, invalid or too large bundle, or a backend that does not run on this machine;
 * the signal's reason after an abort.
 * @example
 * const classifier = await loadClassifier('run/bundle');
 * console.log(await classifier.classify('cat.jpg'));
 * await classifier.dispose();
 */
export async function loadClassifier(
  urlOrFolder: string | URL,
  { backend = 'auto', threads = Math.min(availableParallelism(), 4), onFirst, ...options }: LoadClassifierOptions = {},
): Promise<ImageClassifier<ImageSource>> {
  // Suppresses the advice to install tfjs-node: tfjs computes nothing here.
  tf.enableProdMode();
  const engine = await chooseEngine(backend, threads);
  const url = typeof urlOrFolder === 'string' ? webUrl(urlOrFolder) : urlOrFolder;
  const place =
    url === undefined || url.protocol === 'file:'
      ? folderPlace(url === undefined ? `${urlOrFolder}` : fileURLToPath(url))
      : httpPlace(url);
  const classifierOf = ({ manifest, ensemble }: LoadedBundle) =>
    new ImageClassifier(manifest, ensemble, engine.backend, imageDecoder(manifest.decoding));
  return classifierOf(await loadBundle(place, engine, options, onFirst && ((first) => onFirst(classifierOf(first)))));
}

// --- internal ---

function webUrl(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) ? new URL(text) : undefined;
}

async function chooseEngine(backend: 'auto' | 'onnxruntime' | 'wasm', threads: number): Promise<Engine> {
  if (backend !== 'wasm') {
    const { obstacleToOnnxruntime, openOnnxSession } = await import('@chorus/runtime');
    const obstacle = obstacleToOnnxruntime();
    if (obstacle === undefined)
      return {
        backend: 'onnxruntime',
        computesWithIntegers: true,
        async open(model) {
          const session = await openOnnxSession(model, { threads, spin: false });
          return {
            run: async (input, pixels, shape) => (await session.run({ [input]: { pixels, shape } })).values.slice(),
            dispose: () => session.dispose(),
          };
        },
      };
    if (backend === 'onnxruntime') throw new PredictorError(`The backend onnxruntime cannot be used here: ${obstacle}`);
  }
  return webEngine((await import('onnxruntime-web')) as unknown as WebRuntime, 'wasm', threads);
}
