/**
 * Runs ONNX models on the CPU, with onnxruntime.
 *
 * Calls its binding directly, as the JavaScript of onnxruntime-node does; native/locate-onnxruntime.ts explains why that package
 * is not a dependency.
 */
import { createRequire } from 'node:module';
import { type InferenceSession, Tensor } from 'onnxruntime-common';
import { RuntimeError, setupNeeded } from './errors.ts';
import { hasOnnxruntime, planOnnxruntime } from './native/locate-onnxruntime.ts';
import { nativeCall } from './native-calls.ts';

/** Raw pixels [N,S,S,3]: bytes or floats, whichever the model takes. */
export interface OnnxImages {
  pixels: Uint8Array | Float32Array;
  shape: readonly number[];
}

/** A model that takes images and has one output, float32. Belongs to the thread that opened it. */
export interface OnnxSession {
  /** Runs the model on the images of each input, by its name; they are not changed. */
  run(images: Readonly<Record<string, OnnxImages>>): Promise<{ values: Float32Array; shape: readonly number[] }>;
  /** Frees the model; call it when no `run` is pending. */
  dispose(): Promise<void>;
}

/** The threads of a session. */
export interface OnnxThreads {
  /** Threads of an operator. */
  threads: number;
  /**
   * Whether threads spin while they wait for the next operator, and sleep once a run ends: faster for small batches, but
   * slower for other threads that need the processor.
   */
  spin: boolean;
}

/**
 * Loads a model.
 *
 * @param model content of an `.onnx` file, which may be dropped afterwards, or the path of a file.
 * @throws RuntimeError when onnxruntime does not run on this machine, or is not set up.
 */
export async function openOnnxSession(
  model: Uint8Array | string,
  { threads, spin }: OnnxThreads,
): Promise<OnnxSession> {
  const { InferenceSession } = load();
  const session = new InferenceSession();
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: {
      session: {
        intra_op: { allow_spinning: spin ? '1' : '0' },
        force_spinning_stop: '1',
        // Without it, sums of products of 8-bit integers can overflow on processors without VNNI.
        x64quantprecision: '1',
      },
    },
  };
  nativeCall(() =>
    typeof model === 'string'
      ? session.loadModel(model, options)
      : session.loadModel(model.buffer, model.byteOffset, model.byteLength, options),
  );
  const output = session.outputMetadata[0]!.name;
  return {
    async run(images) {
      const feeds = Object.entries(images).map(([name, { pixels, shape }]) => [
        name,
        pixels instanceof Uint8Array ? new Tensor('uint8', pixels, shape) : new Tensor('float32', pixels, shape),
      ]);
      const results = nativeCall(() => session.run(Object.fromEntries(feeds), { [output]: null }, {}));
      const { data, dims } = results[output]!;
      return { values: data as Float32Array, shape: dims };
    },
    async dispose() {
      nativeCall(() => session.dispose());
    },
  };
}

/** Why onnxruntime does not run on this machine; undefined if it does. */
export function obstacleToOnnxruntime(): string | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    if (error instanceof RuntimeError) return error.message;
    throw error;
  }
}

// --- internal ---

/** The parts of the binding that are used here. */
interface Binding {
  initOrtOnce(logLevel: number, tensor: typeof Tensor): void;
  InferenceSession: new () => {
    loadModel(path: string, options: InferenceSession.SessionOptions): void;
    loadModel(
      model: ArrayBufferLike,
      byteOffset: number,
      byteLength: number,
      options: InferenceSession.SessionOptions,
    ): void;
    readonly outputMetadata: readonly { name: string }[];
    run(feeds: Record<string, Tensor>, fetches: Record<string, null>, options: object): Record<string, Tensor>;
    dispose(): void;
  };
}

/** onnxruntime logs errors only. */
const logLevel = 3;

let loaded: Binding | undefined;

function load(): Binding {
  if (loaded !== undefined) return loaded;
  const place = planOnnxruntime();
  if ('obstacle' in place) throw new RuntimeError(`${place.obstacle}.`);
  if (!hasOnnxruntime(place)) throw setupNeeded(`onnxruntime is not in ${place.folder}.`);
  let binding: Binding;
  try {
    binding = createRequire(import.meta.url)(place.bindingPath) as Binding;
  } catch (error) {
    throw new RuntimeError(`onnxruntime cannot be loaded on this machine: ${(error as Error).message}`, {
      cause: error,
    });
  }
  binding.initOrtOnce(logLevel, Tensor);
  loaded = binding;
  return binding;
}
